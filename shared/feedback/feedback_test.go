package feedback_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/feedback"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/suppression"
)

var at = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// kept is what a handler told others.
type kept struct {
	notes      []string
	suppressed []string
	err        error // of both
}

func (k *kept) Note(_ context.Context, shop event.ShopID, c ledger.CampaignID, p event.PersonID, step int, o ledger.Observation) error {
	k.notes = append(k.notes, fmt.Sprint(shop, " ", c, " ", p, " ", step, " ", o.Kind, " ", o.Code, o.Machine, " ", o.At.Sub(at)))
	return k.err
}

func (k *kept) Add(_ context.Context, shop event.ShopID, address string, e suppression.Entry) error {
	k.suppressed = append(k.suppressed, fmt.Sprint(shop, " ", address, " ", e.Reason, " ", e.Source, " ", e.At.Sub(at)))
	return k.err
}

const (
	letter = `"mail":{"timestamp":"2026-05-01T12:00:00.000Z","messageId":"m-1","destination":["anna@home.example"],"tags":{"shop":["tea"],"campaign":["spring"],"person":["p_anna"],"step":["0"],"ses:caller-identity":["x"]}}`
	later  = `"timestamp":"2026-05-01T12:01:00.000Z"`
	chrome = `"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"`
)

func TestHandle(t *testing.T) {
	tests := map[string]struct {
		detail     string
		notes      []string
		suppressed []string
	}{
		"delivered":                {detail: `{"eventType":"Delivery",` + letter + `,"delivery":{` + later + `}}`, notes: []string{"tea spring p_anna 0 delivered false 1m0s"}},
		"bounced for good":         {detail: `{"eventType":"Bounce",` + letter + `,"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"anna@home.example","status":"5.1.1"}],` + later + `}}`, notes: []string{"tea spring p_anna 0 bounced 5.1.1false 1m0s"}, suppressed: []string{"tea anna@home.example bounced ses 1m0s"}},
		"bounced for now":          {detail: `{"eventType":"Bounce",` + letter + `,"bounce":{"bounceType":"Transient","bounceSubType":"MailboxFull","bouncedRecipients":[],` + later + `}}`, notes: []string{"tea spring p_anna 0 bounced MailboxFullfalse 1m0s"}},
		"complained":               {detail: `{"eventType":"Complaint",` + letter + `,"complaint":{"complainedRecipients":[{"emailAddress":"anna@home.example"}],` + later + `}}`, notes: []string{"tea spring p_anna 0 complained false 1m0s"}, suppressed: []string{"tea anna@home.example complained ses 1m0s"}},
		"a complaint without time": {detail: `{"eventType":"Complaint",` + letter + `}`, notes: []string{"tea spring p_anna 0 complained false " + time.Time{}.Sub(at).String()}, suppressed: []string{"tea anna@home.example complained ses 1h0m0s"}},
		"rejected":                 {detail: `{"eventType":"Reject",` + letter + `,"reject":{"reason":"Bad content"}}`, notes: []string{"tea spring p_anna 0 bounced rejectedfalse " + time.Time{}.Sub(at).String()}},
		"not rendered":             {detail: `{"eventType":"Rendering Failure",` + letter + `,"failure":{"errorMessage":"x"}}`, notes: []string{"tea spring p_anna 0 bounced renderingfalse " + time.Time{}.Sub(at).String()}},
		"opened by a human":        {detail: `{"eventType":"Open",` + letter + `,"open":{` + chrome + `,` + later + `}}`, notes: []string{"tea spring p_anna 0 opened false 1m0s"}},
		"opened by a machine":      {detail: `{"eventType":"Open",` + letter + `,"open":{"userAgent":"Mozilla/5.0",` + later + `}}`, notes: []string{"tea spring p_anna 0 opened true 1m0s"}},
		"clicked":                  {detail: `{"eventType":"Click",` + letter + `,"click":{"link":"https://tea.example/",` + chrome + `,` + later + `}}`, notes: []string{"tea spring p_anna 0 clicked false 1m0s"}},
		"sent":                     {detail: `{"eventType":"Send",` + letter + `,"send":{}}`},
		"delayed":                  {detail: `{"eventType":"DeliveryDelay",` + letter + `,"deliveryDelay":{` + later + `}}`},
		"something new":            {detail: `{"eventType":"Teleport",` + letter + `}`},
		"not ours":                 {detail: `{"eventType":"Bounce","mail":{"messageId":"x","destination":["b@x.example"],"tags":{"ses:configuration-set":["other"]}},"bounce":{"bounceType":"Permanent"}}`},
		"a confirmation bounces":   {detail: `{"eventType":"Bounce","mail":{"messageId":"x","destination":["anna@home.example"],"tags":{"shop":["tea"]}},"bounce":{"bounceType":"Permanent",` + later + `}}`, suppressed: []string{"tea anna@home.example bounced ses 1m0s"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, k := range []*kept{{}, {err: fault.New(fault.NotFound, "none")}, {err: fault.New(fault.Conflict, "never handed")}} {
				if k.err != nil && len(tt.suppressed) > 0 {
					continue // the list of addresses knows neither
				}
				var log bytes.Buffer
				if err := feedback.New(slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return at.Add(time.Hour) }, k, k).Handle(t.Context(), []byte(tt.detail)); err != nil {
					t.Errorf("%v", err)
				}
				if diff := cmp.Diff([][]string{tt.notes, tt.suppressed}, [][]string{k.notes, k.suppressed}); diff != "" {
					t.Errorf("notes, suppressed (-want +got):\n%s", diff)
				}
				if strings.Contains(log.String(), "@") {
					t.Errorf("the log has an address: %s", &log)
				}
			}
		})
	}
}

func TestHandleFails(t *testing.T) {
	delivered := `{"eventType":"Delivery",` + letter + `,"delivery":{` + later + `}}`
	bounced := `{"eventType":"Bounce",` + letter + `,"bounce":{"bounceType":"Permanent"}}`
	tests := map[string]struct {
		detail    string
		err       error
		kind      fault.Kind
		permanent bool
	}{
		"the ledger is away":      {delivered, fault.New(fault.Unavailable, "away"), fault.Unavailable, false},
		"the list is busy":        {bounced, fault.New(fault.Throttled, "slower"), fault.Throttled, false},
		"a mistake of ours":       {delivered, fault.New(fault.Internal, "oh"), fault.Internal, true},
		"no JSON":                 {`{"eventType":"Bounce","mail":"anna@home.example"}`, nil, fault.Invalid, true},
		"an event without a name": {`{}`, nil, fault.Invalid, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := &kept{err: tt.err}
			err := feedback.New(slog.New(slog.DiscardHandler), time.Now, k, k).Handle(t.Context(), []byte(tt.detail))
			if !fault.Is(err, tt.kind) || feedback.Permanent(err) != tt.permanent || strings.Contains(err.Error(), "@") {
				t.Errorf("%v, want %v", err, tt.kind)
			}
		})
	}
}

func FuzzHandle(f *testing.F) {
	f.Add([]byte(`{"eventType":"Delivery",` + letter + `,"delivery":{` + later + `}}`))
	f.Add([]byte(`{"eventType":"Bounce",` + letter + `,"bounce":{"bounceType":"Permanent"}}`))
	f.Add([]byte(`{"eventType":7}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		k := &kept{}
		if err := feedback.New(slog.New(slog.DiscardHandler), time.Now, k, k).Handle(t.Context(), detail); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	})
}
