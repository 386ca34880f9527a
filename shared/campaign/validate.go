package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
)

// Limits of a campaign.
const (
	MaxVariants   = 8
	MaxControl    = 0.9  // somebody must get it
	minShare      = 1e-4 // below it nobody is chosen
	maxShare      = 1e4
	MaxTextBytes  = 200 << 10 // the templates of all variants together; mail clients cut a message at about 100 KB
	maxNameBytes  = 200
	maxCapWithin  = ledger.TouchesReach
	maxCap        = ledger.MaxTouches - 10
	minQuietFree  = 60 // minutes a day that quiet hours must leave
	maxLife       = 90 * 24 * time.Hour
	maxWindowTime = 365 * 24 * time.Hour
)

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	variantPattern = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	unsubscribeTag = regexp.MustCompile(`\{\{-?\s*(unsubscribe_url|footer)\b[^}]*\}\}`)
)

// problems collects what is wrong, each with the field's path.
type problems []fault.Field

func (p *problems) check(ok bool, path, reason string) {
	if !ok {
		*p = append(*p, fault.Field{Path: path, Reason: reason})
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return fault.InvalidFields(p...)
}

// Validate names everything that is wrong with the campaign in one Invalid fault. A draft may lack what it needs only to start: see Ready.
func (d Definition) Validate() error {
	var p problems
	p.check(idPattern.MatchString(string(d.ID)), "id", "has 1 to 64 characters of a-z, 0-9 and -")
	p.check(strings.TrimSpace(d.Name) != "" && len(d.Name) <= maxNameBytes, "name", "has 1 to 200 bytes")
	p.check(d.Segment == "" || idPattern.MatchString(string(d.Segment)), "segment", "has 1 to 64 characters of a-z, 0-9 and -")
	p.check(d.From.Email == "" || people.AddressProblem(d.From.Email) == "", "from.email", people.AddressProblem(d.From.Email))
	p.check(d.ReplyTo.Email == "" || people.AddressProblem(d.ReplyTo.Email) == "", "replyTo.email", people.AddressProblem(d.ReplyTo.Email))
	p.check(line(d.From.Name), "from.name", "is one line of at most 200 bytes")
	p.check(line(d.ReplyTo.Name), "replyTo.name", "is one line of at most 200 bytes")
	p.check(d.Control == 0 || d.Control >= minShare && d.Control <= MaxControl, "control", "is 0, or lies between 0.0001 and 0.9")
	d.validateVariants(&p)
	d.validateTimes(&p)
	return p.err()
}

func (d Definition) validateVariants(p *problems) {
	p.check(len(d.Variants) <= MaxVariants, "variants", fmt.Sprintf("are at most %d", MaxVariants))
	seen, size, share := map[string]bool{}, 0, 0.0
	for i, v := range d.Variants {
		at := fmt.Sprintf("variants[%d].", i)
		p.check(variantPattern.MatchString(v.Name), at+"name", "has 1 to 16 characters of a-z and 0-9")
		p.check(!seen[v.Name], at+"name", "is another variant's, too")
		p.check(v.Share == 0 || v.Share >= minShare && v.Share <= maxShare, at+"share", "is a weight: 0, or between 0.0001 and 10000")
		p.check(line(v.Subject), at+"subject", "is one line of at most 200 bytes")
		p.check(line(v.Preheader), at+"preheader", "is one line of at most 200 bytes")
		seen[v.Name] = true
		size += len(v.HTML) + len(v.Text)
		share += max(v.Share, 0)
	}
	p.check(size <= MaxTextBytes, "variants", fmt.Sprintf("have %d bytes of templates together, at most %d are allowed", size, MaxTextBytes))
	p.check(len(d.Variants) == 0 || share > 0, "variants", "need a share above 0 together")
}

func (d Definition) validateTimes(p *problems) {
	p.check(d.Cap.Messages >= 0 && d.Cap.Messages <= maxCap, "cap.messages", fmt.Sprintf("lies between 0 and %d", maxCap))
	p.check(d.Cap.Within >= 0 && d.Cap.Within <= maxCapWithin, "cap.within", "lies between 0 and 90 days")
	p.check((d.Cap.Messages > 0) == (d.Cap.Within > 0), "cap", "needs both a number of messages and a time, or neither")
	from, to := d.Quiet.From >= 0 && d.Quiet.From < dayMinutes, d.Quiet.To >= 0 && d.Quiet.To < dayMinutes
	p.check(from, "quiet.from", "is a minute of the day, 0 to 1439")
	p.check(to, "quiet.to", "is a minute of the day, 0 to 1439")
	free := (d.Quiet.From - d.Quiet.To + dayMinutes) % dayMinutes
	p.check(!from || !to || d.Quiet.none() || free >= minQuietFree, "quiet", "leaves at least an hour a day")
	p.check(d.Until.IsZero() || d.At.IsZero() || d.Until.After(d.At), "until", "is after at")
	p.check(d.Until.IsZero() || d.At.IsZero() || d.Until.Sub(d.At) <= maxLife, "until", "is at most 90 days after at")
	p.check(d.LateBy >= 0 && d.LateBy <= maxLife, "lateBy", "lies between 0 and 90 days")
	p.check(d.Window >= 0 && d.Window <= maxWindowTime, "window", "lies between 0 and 365 days")
}

// Ready names what the campaign still lacks to start, besides what Validate finds: the sender whom recipients agreed to hear from, the segment, and in every variant that is sent a
// subject, a text part and the unsubscribe link in each part.
func (d Definition) Ready() error {
	var p problems
	p.check(d.From.Email != "", "from.email", "is needed: who writes")
	p.check(d.Segment != "", "segment", "is needed: whom to write to")
	p.check(len(d.Variants) > 0, "variants", "are needed: what to write")
	for i, v := range d.Variants {
		if v.Share <= 0 && len(d.Variants) > 1 {
			continue
		}
		at := fmt.Sprintf("variants[%d].", i)
		p.check(strings.TrimSpace(v.Subject) != "", at+"subject", "is needed")
		p.check(strings.TrimSpace(v.Text) != "", at+"text", "is needed: mail without a text part is taken for junk")
		p.check(strings.TrimSpace(v.Text) == "" || unsubscribeTag.MatchString(v.Text), at+"text", "needs the unsubscribe link: {{ unsubscribe_url }} or {{ footer }}")
		p.check(v.HTML == "" || unsubscribeTag.MatchString(v.HTML), at+"html", "needs the unsubscribe link: {{ unsubscribe_url }} or {{ footer }}")
	}
	return p.err()
}

func line(text string) bool {
	return len(text) <= maxNameBytes && !slices.ContainsFunc([]rune(text), func(r rune) bool { return r < ' ' || r == 0x7f })
}
