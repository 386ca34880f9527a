package campaign

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/suppression"
)

func TestBarred(t *testing.T) {
	yes := map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted}}
	tests := map[string]struct {
		email       string
		permissions map[people.Channel]people.Permission
		entry       suppression.Reason
		want        ledger.Why
	}{
		"who agreed":                          {"a@b.example", yes, "", ""},
		"no address":                          {"", yes, "", ledger.NoAddress},
		"a bad address":                       {"a@b@c", yes, "", ledger.BadAddress},
		"who was never asked":                 {"a@b.example", nil, "", ledger.NoConsent},
		"who said no":                         {"a@b.example", map[people.Channel]people.Permission{people.Email: {Choice: consent.Denied}}, "", ledger.NoConsent},
		"who has not confirmed":               {"a@b.example", map[people.Channel]people.Permission{people.Email: {Choice: consent.Granted, Pending: true}}, "", ledger.NoConsent},
		"who agreed to text messages":         {"a@b.example", map[people.Channel]people.Permission{people.SMS: {Choice: consent.Granted}}, "", ledger.NoConsent},
		"who unsubscribed":                    {"a@b.example", yes, suppression.Unsubscribed, ledger.Unsubscribed},
		"who unsubscribed, and so says no":    {"a@b.example", nil, suppression.Unsubscribed, ledger.Unsubscribed},
		"a mailbox that bounced":              {"a@b.example", yes, suppression.Bounced, ledger.HasBounced},
		"who complained":                      {"a@b.example", yes, suppression.Complained, ledger.HasComplained},
		"who was erased under another id":     {"a@b.example", yes, suppression.Erased, ledger.Erased},
		"whom staff barred":                   {"a@b.example", yes, suppression.Manual, ledger.Barred},
		"a reason that is not known here yet": {"a@b.example", yes, "moved", ledger.Barred},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var entry *suppression.Entry
			if tt.entry != "" {
				entry = &suppression.Entry{Reason: tt.entry}
			}
			if got := Barred(people.Person{Email: tt.email, Permissions: tt.permissions}, entry); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestGroupsAreFixedAndFair holds the control group and the variants within six standard deviations of their shares, and equal at every call.
func TestGroupsAreFixedAndFair(t *testing.T) {
	const persons = 1000
	rapid.Check(t, func(t *rapid.T) {
		d := spring()
		d.ID = ledger.CampaignID(rapid.StringMatching(`[a-z0-9-]{1,20}`).Draw(t, "campaign"))
		d.Control = rapid.Float64Range(0, MaxControl).Draw(t, "control")
		d.Variants = nil
		for i := range rapid.IntRange(1, 4).Draw(t, "variants") {
			d.Variants = append(d.Variants, Variant{Name: string(rune('a' + i)), Share: rapid.Float64Range(0.1, 5).Draw(t, "share")})
		}
		total := 0.0
		for _, v := range d.Variants {
			total += v.Share
		}
		counts, controls, both := map[string]int{}, 0, map[string]int{}
		for i := range persons {
			p := people.Person{ID: event.PersonID(fmt.Sprintf("p_%d", i))}
			r := d.Decide(p, "", noon, time.UTC)
			if diff := cmp.Diff(r, d.Decide(p, "", noon, time.UTC)); diff != "" {
				t.Fatalf("decided twice:\n%s", diff)
			}
			counts[r.Variant]++
			if r.Control {
				controls++
				both[r.Variant]++
				if r.State != ledger.Suppressed || r.Why != ledger.ControlGroup {
					t.Fatalf("the control group gets a mail: %+v", r)
				}
			}
		}
		within(t, "control group", controls, persons, d.Control)
		for _, v := range d.Variants {
			within(t, "variant "+v.Name, counts[v.Name], persons, v.Share/total)
			within(t, "variant "+v.Name+" in the control group", both[v.Name], persons, d.Control*v.Share/total) // the two draws are independent
		}
	})
}

func within(t *rapid.T, what string, got, of int, share float64) {
	mean, deviation := float64(of)*share, math.Sqrt(float64(of)*share*(1-share))
	if math.Abs(float64(got)-mean) > 6*deviation+1 {
		t.Errorf("%s: %d of %d, want %.0f +- %.0f", what, got, of, mean, 6*deviation)
	}
}

func TestNobodyIsInVariantsWithoutShare(t *testing.T) {
	d := spring()
	d.Variants = []Variant{{Name: "a"}, {Name: "b", Share: 1}, {Name: "c"}}
	for i := range 500 {
		if got := d.variant(event.PersonID(fmt.Sprintf("p_%d", i))); got != "b" {
			t.Fatalf("variant %q", got)
		}
	}
}

// TestWeeksOfCampaigns lives through random weeks of overlapping campaigns with caps, quiet hours, control groups, erasures and a sender that fails at times: no cap is broken, nobody in a control
// group is written to, and the sums of every campaign add up to its segment at every look.
func TestWeeksOfCampaigns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.at = time.Date(rapid.IntRange(2027, 2040).Draw(rt, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
		const persons = 14
		w.join(t, persons, func(i int, p *people.Person) {
			if i%7 == 3 {
				p.Permissions = nil
			}
		})
		capped := Cap{Messages: rapid.IntRange(1, 3).Draw(rt, "messages"), Within: time.Duration(rapid.IntRange(1, 14).Draw(rt, "days")) * 24 * time.Hour}
		var ids []ledger.CampaignID
		eraser := NewEraser(w.now, w.db)
		for i := range rapid.IntRange(2, 4).Draw(rt, "campaigns") {
			d := spring()
			d.ID, d.Cap, d.Control = ledger.CampaignID(fmt.Sprintf("c%d", i)), capped, float64(rapid.IntRange(0, 5).Draw(rt, "control"))/10
			d.Quiet = Quiet{From: 20 * 60, To: 9 * 60}
			d.At = w.now().Add(time.Duration(rapid.IntRange(0, 96).Draw(rt, "begins")) * time.Hour)
			d.LateBy = 48 * time.Hour
			w.start(t, d)
			ids = append(ids, d.ID)
		}
		for look := range 16 {
			w.tick(t)
			for _, id := range ids {
				w.hand(t, id)
			}
			if rapid.IntRange(0, 9).Draw(rt, "erase") == 0 {
				who := event.PersonID(fmt.Sprintf("p_%04d", rapid.IntRange(0, persons-1).Draw(rt, "who")))
				if _, err := eraser.Erase(t.Context(), tea, privacy.Subject{Person: who}); err != nil {
					rt.Fatal(err)
				}
			}
			if look%4 == 3 {
				w.addUp(t, rt, ids, persons, capped)
			}
			w.move(time.Duration(rapid.IntRange(10, 1200).Draw(rt, "minutes")) * time.Minute)
		}
	})
}

// addUp checks what must hold at every look.
func (w *world) addUp(t *testing.T, rt *rapid.T, ids []ledger.CampaignID, persons int, capped Cap) {
	handed := map[event.PersonID][]time.Time{}
	for _, id := range ids {
		d, sums := w.get(t, id), w.sums(t, id)
		if d.Planned.IsZero() {
			continue
		}
		states, whys := 0, 0
		for _, n := range sums.States {
			states += n
		}
		for _, n := range sums.Whys {
			whys += n
		}
		if sums.Rows != persons || states != persons || d.Audience != persons || whys != sums.States[ledger.Suppressed] {
			rt.Fatalf("%s: %+v with an audience of %d; the segment has %d", id, sums, d.Audience, persons)
		}
		for r, err := range w.ledger.All(t.Context(), tea, id) {
			if err != nil {
				rt.Fatal(err)
			}
			if r.Control && !r.HandedAt.IsZero() {
				rt.Fatalf("%s of the control group was written to", r.Person)
			}
			if !r.HandedAt.IsZero() {
				handed[r.Person] = append(handed[r.Person], r.HandedAt)
			}
		}
	}
	for who, times := range handed {
		for _, from := range times {
			n := 0
			for _, at := range times {
				if !at.Before(from) && at.Sub(from) < capped.Within {
					n++
				}
			}
			if n > capped.Messages {
				rt.Fatalf("%d messages to %s within %s, the cap is %d", n, who, capped.Within, capped.Messages)
			}
		}
	}
}
