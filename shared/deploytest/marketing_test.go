package deploytest

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"shopkeeper/shared/ministacktest"
)

// contacts are three people: two want letters, one does not.
const contacts = "email,userId,firstName,country,consent,consentAt\n" +
	"ada@example.com,u-ada,Ada,GB,yes,2026-01-02T10:00:00Z\n" +
	"bea@example.com,u-bea,Bea,GB,yes,2026-01-02T10:00:00Z\n" +
	"cid@example.com,u-cid,Cid,GB,no,2026-01-02T10:00:00Z\n"

// market is the marketer's story through the deployed stack: contacts, a segment, an offer, a campaign, its letters, what becomes of them.
func market(t *testing.T, owner account, out outputs, visitor *browser) {
	t.Helper()
	allowMail(t, owner)
	marketer := &browser{endpoint: visitor.endpoint, host: visitor.host, secret: secretKey, cookies: map[string]string{}}
	owner.drop(t, out.Data.Bucket, "imports/tea/contacts/people.csv", contacts)
	makeSegment(t, owner, marketer)
	makeOffer(t, marketer, visitor)
	letters := sendCampaign(t, owner, marketer)
	hearBack(t, owner, marketer, visitor, letters)
}

// allowMail is what the owner of a domain does once: prove it, and leave the sandbox.
func allowMail(t *testing.T, owner account) {
	t.Helper()
	client := sesv2.NewFromConfig(owner.cfg)
	if _, err := client.CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("example.com")}); err != nil {
		t.Fatalf("verify the domain: %v", err)
	}
	if _, err := client.PutAccountDetails(t.Context(), &sesv2.PutAccountDetailsInput{
		MailType: sestypes.MailTypeMarketing, WebsiteURL: aws.String("https://example.com"), ProductionAccessEnabled: aws.Bool(true),
	}); err != nil {
		t.Fatalf("leave the sandbox: %v", err)
	}
}

// put makes something through the admin API.
func (b *browser) put(t *testing.T, path string, body any) {
	t.Helper()
	if status := b.call(t, http.MethodPost, "/admin/v1/"+path, body, nil); status/100 != 2 {
		t.Fatalf("POST /admin/v1/%s answered %d", path, status)
	}
}

// makeSegment states a condition and waits until the two who fit are in.
func makeSegment(t *testing.T, owner account, marketer *browser) {
	t.Helper()
	marketer.put(t, "segments", map[string]any{"id": "readers", "name": "Readers", "condition": `has_email && permission("email")`})
	eventually(t, "those who want letters are in the segment", func() (bool, any) {
		var swept any
		owner.invoke(t, stacks+"segment", map[string]string{"shop": "tea"}, &swept)
		var members struct{ Items []struct{ Subject string } }
		if status := marketer.call(t, http.MethodGet, "/admin/v1/segments/readers/members", nil, &members); status != http.StatusOK {
			t.Fatalf("members answered %d", status)
		}
		return len(members.Items) == 2, members
	})
}

// makeOffer makes an offer that a visitor's front page shows.
func makeOffer(t *testing.T, marketer, visitor *browser) {
	t.Helper()
	marketer.put(t, "offers", map[string]any{"id": "second-cup", "title": "The second cup is ours", "code": "CUP", "status": "active"})
	eventually(t, "the front page makes the offer", func() (bool, any) {
		var p struct {
			Offers []struct{ ID, Title, ImpressionID string }
		}
		if status := visitor.call(t, http.MethodGet, "/v1/front-page?writeKey="+writeKey, nil, &p); status != http.StatusOK {
			t.Fatalf("front page answered %d", status)
		}
		return len(p.Offers) == 1 && p.Offers[0].ID == "second-cup" && p.Offers[0].ImpressionID != "", p
	})
}

// sums are the ledger's counts of a campaign.
type sums struct {
	Rows    int
	States  map[string]int
	Reached map[string]int

	Refused any `json:"-"` // rows, to see what the provider said
}

func (b *browser) sums(t *testing.T) (s sums) {
	t.Helper()
	if status := b.call(t, http.MethodGet, "/admin/v1/campaigns/autumn/sums", nil, &s); status != http.StatusOK {
		t.Fatalf("sums answered %d", status)
	}
	return s
}

// letter is a mail as the emulated provider took it.
type letter struct {
	MessageID string   `json:"MessageId"`
	To        []string `json:"To"`
	Subject   string   `json:"Subject"`
	Text      string   `json:"BodyText"`
	HTML      string   `json:"BodyHtml"`
}

// sendCampaign writes to the segment and returns what the provider took, by address.
func sendCampaign(t *testing.T, owner account, marketer *browser) map[string]letter {
	t.Helper()
	marketer.put(t, "campaigns", map[string]any{
		"id": "autumn", "name": "Autumn", "segment": "readers", "from": map[string]string{"name": "The tea shop", "email": "hello@example.com"},
		"variants": []any{map[string]any{
			"name": "a", "share": 1, "subject": "{{ customer.first_name }}, a cup of tea", "html": `<p>Dear {{ customer.first_name }}</p>{% for item in recommendations %}<a href="{{ item.url }}">{{ item.title }}</a>{% endfor %}<p><a href="{{ unsubscribe_url }}">No more letters</a></p>`,
			"text": "Dear {{ customer.first_name }}\n\nNo more letters: {{ unsubscribe_url }}\n",
		}},
	})
	marketer.put(t, "campaigns/autumn/start", map[string]any{})
	eventually(t, "both letters are handed over", func() (bool, any) {
		var ticked any
		owner.invoke(t, stacks+"campaign", map[string]string{"shop": "tea"}, &ticked)
		s := marketer.sums(t)
		if s.Reached["bounced"] > 0 {
			marketer.call(t, http.MethodGet, "/admin/v1/campaigns/autumn/ledger", nil, &s.Refused)
		}
		return s.Rows == 2 && s.Reached["handed"] == 2, s
	})
	letters := map[string]letter{}
	for _, l := range outgoing(t, marketer.endpoint) {
		letters[l.To[0]] = l
	}
	if len(letters) != 2 {
		t.Fatalf("the provider has %+v", letters)
	}
	l := letters["ada@example.com"]
	if l.Subject != "Ada, a cup of tea" || !strings.Contains(l.HTML, "Tea ") || !strings.Contains(l.Text, "Dear Ada") {
		t.Errorf("the letter to Ada is %+v", l)
	}
	return letters
}

func outgoing(t *testing.T, endpoint string) []letter {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/_ministack/ses/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Messages map[string][]letter `json:"messages"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("messages of the provider: %s: %v", text, err)
	}
	return all.Messages[ministacktest.Account]
}

var unsubscribe = regexp.MustCompile(`/p/unsubscribe/[A-Za-z0-9._~-]+`)

// hearBack delivers one letter, as SES would say it, twice; and takes the other reader off the list by one click without a cookie.
func hearBack(t *testing.T, owner account, marketer, visitor *browser, letters map[string]letter) {
	t.Helper()
	var rows struct {
		Items []struct{ Person, Provider string }
	}
	if status := marketer.call(t, http.MethodGet, "/admin/v1/campaigns/autumn/ledger", nil, &rows); status != http.StatusOK || len(rows.Items) != 2 {
		t.Fatalf("ledger answered %d %+v", status, rows)
	}
	at := time.Now().UTC().Format(time.RFC3339)
	delivered := map[string]any{ // as the account's default bus hands it on: nobody else may put events of SES there
		"version": "0", "id": "5d3b1f0e-0001", "source": "aws.ses", "detail-type": "Email Delivered", "account": ministacktest.Account, "region": ministacktest.Region, "time": at, "resources": []string{},
		"detail": map[string]any{
			"eventType": "Delivery", "delivery": map[string]any{"timestamp": at},
			"mail": map[string]any{"messageId": rows.Items[0].Provider, "timestamp": at, "tags": map[string]any{
				"ses:configuration-set": []string{stacks + "mail"}, "shop": []string{"tea"}, "campaign": []string{"autumn"}, "person": []string{rows.Items[0].Person}, "step": []string{"0"},
			}},
		},
	}
	for range 2 {
		var heard any
		owner.invoke(t, stacks+"feedback", delivered, &heard)
	}
	eventually(t, "the delivered letter is counted once", func() (bool, any) {
		s := marketer.sums(t)
		return s.Reached["delivered"] == 1, s
	})
	link := unsubscribe.FindString(letters["bea@example.com"].Text)
	if link == "" {
		t.Fatalf("no way out of %q", letters["bea@example.com"].Text)
	}
	stranger := &browser{endpoint: visitor.endpoint, host: visitor.host, cookies: map[string]string{}}
	if status := stranger.call(t, http.MethodGet, link, nil, nil); status != http.StatusOK {
		t.Errorf("the page before leaving answered %d", status)
	}
	if s := marketer.sums(t); s.Reached["unsubscribed"] != 0 {
		t.Errorf("looking at the page took somebody off the list: %+v", s)
	}
	if status := stranger.form(t, link, "List-Unsubscribe=One-Click"); status/100 != 2 {
		t.Errorf("one click answered %d", status)
	}
	eventually(t, "who left is counted", func() (bool, any) {
		s := marketer.sums(t)
		return s.Reached["unsubscribed"] == 1, s
	})
}

// form posts a form, as a mail client does for one click.
func (b *browser) form(t *testing.T, path, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = b.host
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
