// Package sestest stands in for Amazon SES in tests: the two calls that the product makes of its version 2 API, the checks that SES makes of them, and every way in which a call can go wrong.
package sestest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
)

// Answer is what becomes of one entry: a status of SES.
type Answer = string

// The statuses that tests need.
const (
	Success   Answer = "SUCCESS"
	Transient Answer = "TRANSIENT_FAILURE"
	Rejected  Answer = "MESSAGE_REJECTED"
	Throttled Answer = "ACCOUNT_THROTTLED"
)

// Whole is what becomes of a whole call.
type Whole int

// The fates of a call.
const (
	Answered  Whole = iota
	Busy            // 429, nothing is sent
	Vanished        // the entries are sent and the connection breaks instead of an answer
	Lost            // the entries are sent and the answer is 503
	Forbidden       // 403, nothing is sent
)

// Options are what the server does. Its functions are called from many goroutines; nil ones answer that all went well.
type Options struct {
	Rate  float64                          // messages a second that the account may send; 0: 100,000
	Call  func(entries int) Whole          // of a call
	Entry func(m mailtest.Received) Answer // of an entry of a call that is not turned away as a whole
}

// Server is a running stand-in.
type Server struct {
	Config aws.Config // for clients of it

	o        Options
	http     *httptest.Server
	mu       sync.Mutex
	received []mailtest.Received
	calls    int
	sets     []string
}

// Start starts one that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{o: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/email/account", s.account)
	mux.HandleFunc("POST /v2/email/outbound-bulk-emails", s.bulk)
	s.http = httptest.NewServer(mux)
	t.Cleanup(s.http.Close)
	s.Config = Config(s.http.URL)
	return s
}

// Config is for clients of a stand-in at an endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

// URL is where it listens.
func (s *Server) URL() string { return s.http.URL }

// Stop ends it.
func (s *Server) Stop() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Received is what was sent, in the order of sending.
func (s *Server) Received() []mailtest.Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]mailtest.Received(nil), s.received...)
}

// Calls is how often SendBulkEmail was called.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Sets are the configuration sets of the calls.
func (s *Server) Sets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sets...)
}

func (s *Server) account(w http.ResponseWriter, _ *http.Request) {
	rate := s.o.Rate
	if rate == 0 {
		rate = 100_000
	}
	reply(w, http.StatusOK, map[string]any{"SendingEnabled": true, "SendQuota": map[string]any{"Max24HourSend": 1e6, "MaxSendRate": rate, "SentLast24Hours": 0}})
}

type content struct{ Subject, Text, Html string } // SES's names

type pair struct{ Name, Value string }

type request struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	ConfigurationSetName string
	DefaultContent       struct {
		Template struct{ TemplateContent content }
	}
	BulkEmailEntries []struct {
		Destination             struct{ ToAddresses []string }
		ReplacementEmailContent struct {
			ReplacementTemplate struct{ ReplacementTemplateData string }
		}
		ReplacementHeaders, ReplacementTags []pair
	}
}

func (s *Server) bulk(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	var in request
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	var list []mailtest.Received
	if err == nil {
		list, err = in.render()
	}
	if err != nil || len(list) == 0 || len(list) > 50 {
		refuse(w, http.StatusBadRequest, "BadRequestException", fmt.Sprint(err))
		return
	}
	whole := Answered
	if s.o.Call != nil {
		whole = s.o.Call(len(list))
	}
	s.mu.Lock()
	s.calls++
	s.sets = append(s.sets, in.ConfigurationSetName)
	s.mu.Unlock()
	switch whole {
	case Busy:
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
		return
	case Forbidden:
		refuse(w, http.StatusForbidden, "AccessDeniedException", "not authorized")
		return
	case Answered, Vanished, Lost:
	}
	results := s.take(list)
	switch whole {
	case Vanished:
		panic(http.ErrAbortHandler) // breaks the connection
	case Lost:
		refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "")
	default:
		reply(w, http.StatusOK, map[string]any{"BulkEmailEntryResults": results})
	}
}

// take sends what is to be sent.
func (s *Server) take(list []mailtest.Received) []map[string]string {
	var results []map[string]string
	for _, m := range list {
		status := Success
		if s.o.Entry != nil {
			status = s.o.Entry(m)
		}
		result := map[string]string{"Status": status}
		if status == Success {
			s.mu.Lock()
			s.received = append(s.received, m)
			result["MessageId"] = fmt.Sprintf("ses-%d", len(s.received))
			s.mu.Unlock()
		}
		results = append(results, result)
	}
	return results
}

// render makes of a request what the recipients get.
func (in request) render() ([]mailtest.Received, error) {
	from, err := mailtest.Mailbox(in.FromEmailAddress)
	if err != nil {
		return nil, err
	}
	var reply mail.Address
	if len(in.ReplyToAddresses) > 0 {
		if reply, err = mailtest.Mailbox(in.ReplyToAddresses[0]); err != nil {
			return nil, err
		}
	}
	var list []mailtest.Received
	for _, e := range in.BulkEmailEntries {
		if len(e.Destination.ToAddresses) != 1 {
			return nil, fmt.Errorf("%d recipients", len(e.Destination.ToAddresses))
		}
		to, err := mailtest.Mailbox(e.Destination.ToAddresses[0])
		if err != nil {
			return nil, err
		}
		var data map[string]string
		if err := json.Unmarshal([]byte(e.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData), &data); err != nil {
			return nil, err
		}
		fill := func(template string) string { // simple substitution, once, as SES does with inline templates
			name, ok := strings.CutPrefix(template, "{{")
			if name, closed := strings.CutSuffix(name, "}}"); ok && closed {
				return data[name]
			}
			return template
		}
		t := in.DefaultContent.Template.TemplateContent
		m := mailtest.Received{From: from, ReplyTo: reply, To: to, Subject: fill(t.Subject), Text: fill(t.Text), HTML: fill(t.Html)}
		mark(&m, e.ReplacementHeaders, e.ReplacementTags)
		list = append(list, m)
	}
	return list, nil
}

func mark(m *mailtest.Received, headers, tags []pair) {
	for _, h := range headers {
		switch h.Name {
		case "List-Unsubscribe":
			m.Unsubscribe = strings.Trim(h.Value, "<>")
		case "List-Unsubscribe-Post":
			m.OneClick = h.Value == "List-Unsubscribe=One-Click"
		}
	}
	for _, t := range tags {
		switch t.Name {
		case "shop":
			m.Tags.Shop = t.Value
		case "campaign":
			m.Tags.Campaign = t.Value
		case "person":
			m.Tags.Person = t.Value
		case "step":
			m.Tags.Step = t.Value
		}
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone: that is its part of the test
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	reply(w, status, map[string]string{"message": message})
}
