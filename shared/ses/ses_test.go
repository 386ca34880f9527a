package ses

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
	"shopkeeper/shared/ses/sestest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestSender(t *testing.T) {
	mailtest.Sender(t, func(t *testing.T) mailtest.Setup {
		var busy, vanish atomic.Int64
		var refused atomic.Value
		took := func(n *atomic.Int64) bool { return n.Load() > 0 && n.Add(-1) >= 0 }
		server := sestest.Start(t, sestest.Options{
			Call: func(int) sestest.Whole {
				switch {
				case took(&busy):
					return sestest.Busy
				case took(&vanish):
					return sestest.Vanished
				}
				return sestest.Answered
			},
			Entry: func(m mailtest.Received) sestest.Answer {
				if m.To.Email == refused.Load() {
					return sestest.Rejected
				}
				return sestest.Success
			},
		})
		return mailtest.Setup{
			Sender:   Open(time.Now, server.Config, &Options{Log: quiet}),
			Received: func(*testing.T) []mailtest.Received { return server.Received() },
			Refuse:   func(email string) { refused.Store(email) },
			Defer:    func(n int) { busy.Store(int64(n)) },
			Vanish:   func() { vanish.Store(1) },
			Down:     server.Stop,
		}
	})
}

// answer makes SES answer every call with one status, code and body.
func answer(t *testing.T, status int, code, body string) *Sender {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden) // the rate is assumed then
			return
		}
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return Open(time.Now, sestest.Config(server.URL), &Options{Log: quiet, Timeout: 5 * time.Second})
}

func TestWholeCall(t *testing.T) {
	tests := map[string]struct {
		status int
		code   string
		want   mail.Outcome
		after  time.Duration
	}{
		"too many requests":           {429, "TooManyRequestsException", mail.Deferred, afterBurst},
		"throttled":                   {400, "ThrottlingException", mail.Deferred, afterBurst},
		"the quota is used up":        {400, "LimitExceededException", mail.Deferred, afterQuota},
		"paused":                      {400, "SendingPausedException", mail.Deferred, untilFixed},
		"suspended":                   {400, "AccountSuspendedException", mail.Deferred, untilFixed},
		"no permission":               {403, "AccessDeniedException", mail.Deferred, untilFixed},
		"an unknown domain":           {400, "MailFromDomainNotVerifiedException", mail.Deferred, untilFixed},
		"a wrong request":             {400, "BadRequestException", mail.Refused, 0},
		"an error within SES":         {500, "InternalServiceError", mail.Unknown, 0},
		"a gateway in between":        {502, "", mail.Unknown, 0},
		"an answer that is no answer": {200, "", mail.Unknown, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, r := range answer(t, tt.status, tt.code, "{}").Send(t.Context(), mailtest.Message(1), mailtest.Message(2)) {
				if r.Outcome != tt.want || r.RetryAfter != tt.after || r.Code == "" || r.Detail == "" {
					t.Errorf("%+v, want outcome %d after %v", r, tt.want, tt.after)
				}
			}
		})
	}
}

func TestEntries(t *testing.T) {
	want := map[types.BulkEmailStatus]mail.Outcome{
		types.BulkEmailStatusSuccess: mail.Accepted, types.BulkEmailStatusMessageRejected: mail.Refused, types.BulkEmailStatusInvalidParameter: mail.Refused, types.BulkEmailStatusFailed: mail.Refused,
	}
	for _, status := range types.BulkEmailStatus("").Values() {
		outcome, ok := want[status]
		if !ok {
			outcome = mail.Deferred
		}
		r := entry(types.BulkEmailEntryResult{Status: status})
		if r.Outcome != outcome || r.Outcome != mail.Accepted && r.Detail == "" || r.Outcome == mail.Deferred && r.RetryAfter == 0 {
			t.Errorf("%s: %+v, want outcome %d", status, r, outcome)
		}
	}
	if r := entry(types.BulkEmailEntryResult{Status: "NEW"}); r.Outcome != mail.Unknown {
		t.Errorf("a status that is not known: %+v", r)
	}
}

func TestOneWrongEntryHoldsUpNoOther(t *testing.T) {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"SendQuota":{"MaxSendRate":100000}}`))
			return
		}
		calls.Add(1)
		var in struct{ BulkEmailEntries []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		var results []string
		for _, e := range in.BulkEmailEntries {
			if strings.Contains(string(e), "p_0003@") {
				w.Header().Set("X-Amzn-ErrorType", "BadRequestException")
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			results = append(results, `{"Status":"SUCCESS","MessageId":"m"}`)
		}
		_, _ = w.Write([]byte(`{"BulkEmailEntryResults":[` + strings.Join(results, ",") + `]}`))
	}))
	t.Cleanup(server.Close)
	var list []mail.Message
	for n := range 8 {
		list = append(list, mailtest.Message(n))
	}
	for n, r := range Open(time.Now, sestest.Config(server.URL), &Options{Log: quiet}).Send(t.Context(), list...) {
		if want := map[bool]mail.Outcome{true: mail.Refused, false: mail.Accepted}[n == 3]; r.Outcome != want {
			t.Errorf("message %d: %+v", n, r)
		}
	}
	if calls.Load() > 7 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestCallsOfWhatFits(t *testing.T) {
	large := strings.Repeat("x", 300<<10)
	text := mailtest.Message(1)
	text.HTML = ""
	other := mailtest.Message(1)
	other.From.Email = "other@tea.example"
	big := mailtest.Message(1)
	big.HTML = large
	tests := map[string]struct {
		messages []mail.Message
		want     []int
	}{
		"fifty at most":               {slicesOf(120, mailtest.Message(1)), []int{50, 50, 20}},
		"parts and senders apart":     {[]mail.Message{mailtest.Message(1), text, mailtest.Message(2), other}, []int{2, 1, 1}},
		"one megabyte at most":        {slicesOf(5, big), []int{2, 2, 1}},
		"none of what cannot be sent": {[]mail.Message{{}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			results := make([]mail.Result, len(tt.messages))
			calls := split(tt.messages, results)
			var got []int
			for _, c := range calls {
				got = append(got, len(c.entries))
			}
			if len(got) != len(tt.want) {
				t.Fatalf("calls of %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("calls of %v, want %v", got, tt.want)
				}
			}
		})
	}
	huge := mailtest.Message(1)
	huge.HTML = strings.Repeat("x", 2<<20)
	results := make([]mail.Result, 1)
	if calls := split([]mail.Message{huge}, results); len(calls) != 0 || results[0].Outcome != mail.Refused {
		t.Errorf("a message that is too large: %+v", results[0])
	}
}

func slicesOf(n int, m mail.Message) []mail.Message {
	list := make([]mail.Message, n)
	for i := range list {
		list[i] = m
	}
	return list
}

func TestConfigurationSet(t *testing.T) {
	server := sestest.Start(t, sestest.Options{})
	s := Open(time.Now, server.Config, &Options{Log: quiet, ConfigurationSet: "campaigns"})
	if r := s.Send(t.Context(), mailtest.Message(1))[0]; r.Outcome != mail.Accepted || r.ProviderID != "ses-1" {
		t.Errorf("%+v", r)
	}
	if got := server.Sets(); len(got) != 1 || got[0] != "campaigns" {
		t.Errorf("configuration sets %v", got)
	}
}

func TestRate(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	asked := 0
	r := newRate(func() time.Time { return at }, 0.5, func(context.Context) (float64, error) { asked++; return 100, nil })
	for _, step := range []struct {
		n       int
		passes  time.Duration
		want    time.Duration
		explain string
	}{
		{50, 0, 0, "a second's messages at once"},
		{50, 0, time.Second, "the next second's a second later"},
		{25, time.Second, 500 * time.Millisecond, "time earns messages"},
		{50, time.Hour, 0, "an hour earns no more than a second's"},
		{50, 0, time.Second, "so the next wait again"},
	} {
		at = at.Add(step.passes)
		if got := r.reserve(t.Context(), quiet, step.n); max(got, 0) != step.want {
			t.Errorf("%s: wait %v, want %v", step.explain, got, step.want)
		}
	}
	if asked != 2 {
		t.Errorf("the quota was asked for %d times, want at the start and after an hour", asked)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	before := r.free
	if err := r.wait(short, quiet, 500); err == nil || !r.free.Equal(before) {
		t.Errorf("a wait that is too long: %v, the time is not given back", err)
	}
}
