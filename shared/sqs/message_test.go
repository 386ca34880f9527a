package sqs

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
)

func record(body, how, attempts string) events.SQSMessage {
	r := events.SQSMessage{MessageId: "id", ReceiptHandle: "receipt", Body: body, Attributes: map[string]string{receiveCount: attempts}}
	if how != "" {
		r.MessageAttributes = map[string]events.SQSMessageAttribute{encoding: {DataType: "String", StringValue: &how}}
	}
	return r
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{"", "-", "plain", `{"a":"é😀"}`, "\x00", "\xff\xfe", "\uffff", "tab\tline\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		travels, attributes := encode(body)
		if !plain([]byte(travels)) {
			t.Errorf("%q travels as %q, which SQS refuses", body, travels)
		}
		m, err := MessageOf(record(travels, aws.ToString(attributes[encoding].StringValue), "1"))
		if err != nil || !bytes.Equal(m.Body, body) {
			t.Errorf("%q came back as %q, %v", body, m.Body, err)
		}
	})
}

func TestMessageOf(t *testing.T) {
	got, err := MessageOf(record("body", "", "3"))
	want := queue.Message{ID: "id", Receipt: "receipt", Body: []byte("body"), Attempts: 3}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("message (-want +got), %v:\n%s", err, diff)
	}
	for name, r := range map[string]events.SQSMessage{
		"without number of deliveries": record("body", "", ""),
		"with a wrong number":          record("body", "", "0"),
		"of an unknown encoding":       record("body", "zip", "1"),
		"of broken base64":             record("=", inBase64, "1"),
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := MessageOf(r); !fault.Is(err, fault.Invalid) {
				t.Errorf("message %+v, %v; want Invalid", m, err)
			}
		})
	}
}

// fake is a queue whose server takes what take says and refuses the rest with the code.
func fake(t *testing.T, code string, senderFault bool, take func(call int, body string) bool) (*Queue, *[]string) {
	t.Helper()
	var taken []string
	call := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Entries []struct {
				ID          string `json:"Id"`
				MessageBody string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		call++
		var good, bad []string
		for _, e := range in.Entries {
			if !take(call, e.MessageBody) {
				bad = append(bad, fmt.Sprintf(`{"Id":%q,"Code":%q,"SenderFault":%t}`, e.ID, code, senderFault))
				continue
			}
			taken = append(taken, e.MessageBody)
			sum := md5.Sum([]byte(e.MessageBody))
			good = append(good, fmt.Sprintf(`{"Id":%q,"MessageId":"m","MD5OfMessageBody":%q}`, e.ID, hex.EncodeToString(sum[:])))
		}
		fmt.Fprintf(w, `{"Successful":[%s],"Failed":[%s]}`, strings.Join(good, ","), strings.Join(bad, ","))
	}))
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "local", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return Open(cfg, server.URL+"/queue"), &taken
}

func TestSendAgain(t *testing.T) {
	var bodies [][]byte
	var want []string
	for i := range 12 {
		bodies = append(bodies, fmt.Append(nil, i))
		want = append(want, fmt.Sprint(i))
	}
	q, taken := fake(t, "InternalError", false, func(call int, body string) bool { return call > 1 || body < "3" })
	if err := q.Send(t.Context(), 0, bodies...); err != nil {
		t.Fatal(err)
	}
	// 0, 1, 2 go in the first call, the rest of its ten in the second, what is left in the third.
	if diff := cmp.Diff(want, *taken); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	q, taken = fake(t, "InvalidMessageContents", true, func(int, string) bool { return false })
	if err := q.Send(t.Context(), 0, bodies...); !fault.Is(err, fault.Invalid) || len(*taken) != 0 {
		t.Errorf("send = %v, want Invalid", err)
	}
}

func TestFit(t *testing.T) {
	large := bytes.Repeat([]byte("x"), queue.MaxBodyBytes)
	tests := map[string]struct {
		bodies [][]byte
		want   []int // messages per call
	}{
		"small ones by ten":         {make([][]byte, 23), []int{10, 10, 3}},
		"large ones alone":          {[][]byte{large, large, {'a'}}, []int{1, 1, 1}},
		"as many as fit":            {[][]byte{large[:100<<10], large[:100<<10], large[:100<<10]}, []int{2, 1}},
		"one that grows on the way": {[][]byte{bytes.Repeat([]byte{0}, queue.MaxBodyBytes), {'a'}}, []int{1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []int
			for rest := tt.bodies; len(rest) > 0; {
				batch, left := fit(rest, 0)
				got, rest = append(got, len(batch)), left
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("messages per call (-want +got):\n%s", diff)
			}
		})
	}
}
