package eventbridge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/fault"
)

func notice(id string) bus.Notice {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return bus.Notice{ID: id, Shop: "shop", Type: "model.published", At: at, Detail: json.RawMessage(`{"n":1}`)}
}

const eventJSON = `{"version":"0","id":"e","detail-type":"model.published","source":"shopkeeper","account":"1","time":"2026-01-02T03:04:05Z","region":"r",
	"resources":[],"detail":{"id":"a","shop":"shop","type":"model.published","at":"2026-01-02T03:04:05Z","detail":{"n":1}}}`

func noticeFrom(t *testing.T, text string) (bus.Notice, error) {
	t.Helper()
	var e events.EventBridgeEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return NoticeOf(e)
}

func TestNoticeOf(t *testing.T) {
	got, err := noticeFrom(t, eventJSON)
	if diff := cmp.Diff(notice("a"), got); diff != "" || err != nil {
		t.Errorf("notice (-want +got), %v:\n%s", err, diff)
	}
	for name, change := range map[string][2]string{
		"of another source":           {`"shopkeeper"`, `"aws.s3"`},
		"of another type":             {`"detail-type":"model.published"`, `"detail-type":"model.refused"`},
		"without id":                  {`"id":"a",`, ``},
		"without shop":                {`"shop":"shop",`, ``},
		"whose detail is no object":   {`{"n":1}`, `[]`},
		"whose detail is null":        {`{"n":1}`, `null`},
		"whose time is not readable":  {`"at":"2026-01-02T03:04:05Z"`, `"at":"now"`},
		"whose notice is not a thing": {`"detail":{"id":"a",`, `"other":{"id":"a",`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(eventJSON, change[0], change[1], 1)
			if n, err := noticeFrom(t, text); !fault.Is(err, fault.Invalid) || text == eventJSON {
				t.Errorf("notice %+v, %v; want Invalid", n, err)
			}
		})
	}
}

func FuzzNoticeOf(f *testing.F) {
	f.Add(eventJSON)
	f.Add(`{"source":"shopkeeper","detail":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var e events.EventBridgeEvent
		if json.Unmarshal([]byte(text), &e) != nil {
			return
		}
		n, err := NoticeOf(e)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("error %v; want Invalid", err)
			}
			return
		}
		if validate(n) != nil || n.Type != e.DetailType {
			t.Errorf("notice %+v of %s", n, text)
		}
	})
}

func TestPattern(t *testing.T) {
	for prefix, want := range map[string]string{
		"":         `{"source":["shopkeeper"]}`,
		"model":    `{"source":["shopkeeper"],"detail-type":["model",{"prefix":"model."}]}`,
		`a"b`:      `{"source":["shopkeeper"],"detail-type":["a\"b",{"prefix":"a\"b."}]}`,
		"model.ok": `{"source":["shopkeeper"],"detail-type":["model.ok",{"prefix":"model.ok."}]}`,
	} {
		if diff := cmp.Diff(want, Pattern(prefix)); diff != "" {
			t.Errorf("pattern of %q (-want +got):\n%s", prefix, diff)
		}
	}
}

// fake is a bus whose server refuses with the code what take does not take, and keeps the ids of the rest.
func fake(t *testing.T, code string, take func(call int, id string) bool) (*Bus, *[]string) {
	t.Helper()
	var taken []string
	call := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Entries []struct{ Detail string } }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		call++
		var results []string
		failed := 0
		for _, e := range in.Entries {
			var n bus.Notice
			if err := json.Unmarshal([]byte(e.Detail), &n); err != nil {
				t.Error(err)
			}
			if take(call, n.ID) {
				taken = append(taken, n.ID)
				results = append(results, `{"EventId":"e"}`)
				continue
			}
			failed++
			results = append(results, fmt.Sprintf(`{"ErrorCode":%q}`, code))
		}
		fmt.Fprintf(w, `{"FailedEntryCount":%d,"Entries":[%s]}`, failed, strings.Join(results, ","))
	}))
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "local", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return Open(cfg, "bus"), &taken
}

func TestPublishAgain(t *testing.T) {
	notices := []bus.Notice{notice("a"), notice("b"), notice("c")}
	b, taken := fake(t, "ThrottlingException", func(call int, id string) bool { return call > 1 || id == "b" })
	if err := b.Publish(t.Context(), notices...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, *taken); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	for code, want := range map[string]fault.Kind{"MalformedDetail": fault.Invalid, "NotAuthorizedForSourceException": fault.Internal} {
		b, _ := fake(t, code, func(int, string) bool { return false })
		if err := b.Publish(t.Context(), notices...); !fault.Is(err, want) {
			t.Errorf("publish = %v, want %v", err, want)
		}
	}
}

func TestFit(t *testing.T) {
	b := &Bus{name: "bus"}
	fill := func(bytes int) bus.Notice {
		n := notice("a")
		n.Detail = json.RawMessage(`{"fill":"` + strings.Repeat("x", bytes) + `"}`)
		return n
	}
	tests := map[string]struct {
		notices []bus.Notice
		want    []int // notices per call
	}{
		"small ones by ten": {make([]bus.Notice, 21), []int{10, 10, 1}},
		"as many as fit":    {[]bus.Notice{fill(100 << 10), fill(100 << 10), fill(100 << 10), notice("a")}, []int{2, 2}},
		"large ones alone":  {[]bus.Notice{fill(250 << 10), fill(250 << 10)}, []int{1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sent, taken := fake(t, "", func(int, string) bool { return true })
			for i := range tt.notices {
				if tt.notices[i].ID == "" {
					tt.notices[i] = notice("a")
				}
			}
			if err := sent.Publish(t.Context(), tt.notices...); err != nil || len(*taken) != len(tt.notices) {
				t.Errorf("published %d, %v", len(*taken), err)
			}
			got := []int{}
			entries := entriesOf(t, b, tt.notices)
			for len(entries) > 0 {
				n := fit(entries)
				got, entries = append(got, n), entries[n:]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("notices per call (-want +got):\n%s", diff)
			}
		})
	}
}

func entriesOf(t *testing.T, b *Bus, notices []bus.Notice) []types.PutEventsRequestEntry {
	t.Helper()
	entries := make([]types.PutEventsRequestEntry, len(notices))
	for i, n := range notices {
		var err error
		if entries[i], err = b.entry(n); err != nil {
			t.Fatal(err)
		}
	}
	return entries
}
