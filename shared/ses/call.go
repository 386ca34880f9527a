package ses

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"shopkeeper/shared/mail"
	"shopkeeper/shared/mime"
)

// call is what one request can carry: messages of one sender, all with or all without HTML.
type call struct {
	kind
	entries []types.BulkEmailEntry
	places  []int // of the entries among the messages
	bytes   int
}

type kind struct {
	from, replyTo string
	html          bool
}

// letter is the data of the template.
type letter struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

// template puts the composed parts where SES wants them. SES does not escape what it puts in.
func (k kind) template() *types.EmailTemplateContent {
	t := &types.EmailTemplateContent{Subject: aws.String("{{subject}}"), Text: aws.String("{{text}}")}
	if k.html {
		t.Html = aws.String("{{html}}")
	}
	return t
}

func (c call) halves() []call {
	n := len(c.places) / 2
	return []call{{kind: c.kind, entries: c.entries[:n], places: c.places[:n]}, {kind: c.kind, entries: c.entries[n:], places: c.places[n:]}}
}

// split makes calls of messages, in their order. Messages that cannot be sent get their results.
func split(messages []mail.Message, results []mail.Result) []call {
	var calls []*call
	open := map[kind]*call{}
	for i, m := range messages {
		k, e, size, problem := entryOf(m)
		if problem != nil {
			results[i] = *problem
			continue
		}
		c := open[k]
		if c == nil || len(c.places) == maxEntries || c.bytes+size > maxBytes {
			c = &call{kind: k}
			open[k] = c
			calls = append(calls, c)
		}
		c.entries, c.places, c.bytes = append(c.entries, e), append(c.places, i), c.bytes+size
	}
	list := make([]call, len(calls))
	for i, c := range calls {
		list[i] = *c
	}
	return list
}

func entryOf(m mail.Message) (kind, types.BulkEmailEntry, int, *mail.Result) {
	refuse := func(code, detail string, bad bool) (kind, types.BulkEmailEntry, int, *mail.Result) {
		return kind{}, types.BulkEmailEntry{}, 0, &mail.Result{Outcome: mail.Refused, Code: code, Detail: detail, BadAddress: bad}
	}
	from, err := mime.Check(m)
	if err != nil {
		return refuse("message", err.Error(), false)
	}
	k := kind{from: from, html: m.HTML != ""}
	if m.ReplyTo.Email != "" {
		if k.replyTo, err = mime.Mailbox(m.ReplyTo); err != nil {
			return refuse("message", "the address for answers is none", false)
		}
	}
	to, err := mime.Mailbox(m.To)
	if err != nil {
		return refuse("address", "the address is none that mail can be sent to", true)
	}
	data, err := json.Marshal(letter{mime.Line(m.Subject), m.Text, m.HTML})
	if err != nil || len(data) > maxBytes {
		return refuse("message", "the message is too large for SES", false)
	}
	e := types.BulkEmailEntry{
		Destination: &types.Destination{ToAddresses: []string{to}},
		ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{
			ReplacementTemplateData: aws.String(string(data)),
		}},
		ReplacementTags: tags(m.Tags),
	}
	for _, h := range mime.Marks(m, mime.Options{}) {
		if h.Name == mime.HeaderFeedback {
			continue // SES has one of its own
		}
		e.ReplacementHeaders = append(e.ReplacementHeaders, types.MessageHeader{Name: aws.String(h.Name), Value: aws.String(h.Value)})
	}
	return k, e, len(data), nil
}

// The names of the tags, as SES's events give them back.
const (
	TagShop     = "shop"
	TagCampaign = "campaign"
	TagPerson   = "person"
	TagStep     = "step"
)

func tags(t mail.Tags) []types.MessageTag {
	var list []types.MessageTag
	for _, x := range [...]struct{ name, value string }{{TagShop, t.Shop}, {TagCampaign, t.Campaign}, {TagPerson, t.Person}, {TagStep, t.Step}} {
		if x.value != "" {
			list = append(list, types.MessageTag{Name: aws.String(x.name), Value: aws.String(x.value)})
		}
	}
	return list
}
