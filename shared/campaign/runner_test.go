package campaign

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/suppression"
)

func TestACampaignFromStartToEnd(t *testing.T) {
	w := newWorld(t)
	w.join(t, 40, func(i int, p *people.Person) {
		switch i {
		case 0:
			p.Email = ""
		case 1:
			p.Email = "nowhere"
		case 2:
			p.Permissions = nil
		case 3:
			p.Permissions[people.Email] = people.Permission{Choice: consent.Granted, Pending: true, At: noon}
		}
	})
	w.segment.subjects = append(w.segment.subjects, "v_1", "v_2")
	for address, reason := range map[string]suppression.Reason{
		"c4@example.org": suppression.Unsubscribed, "c5@example.org": suppression.Bounced, "c6@example.org": suppression.Complained, "c7@example.org": suppression.Erased, "c8@example.org": suppression.Manual,
	} {
		w.barred[address] = reason
	}
	d := spring()
	d.Control = 0.3
	w.start(t, d)
	w.tick(t)
	sending := w.get(t, d.ID)
	if sending.Status != Sending || sending.Audience != 40 || sending.Nobodies != 2 || len(w.jobs.sent) == 0 {
		t.Fatalf("%+v with %d jobs; want it to be sending to 40 and two visitors", sending, len(w.jobs.sent))
	}
	sums := w.sums(t, d.ID)
	control := sums.Whys[ledger.ControlGroup]
	want := map[ledger.Why]int{
		ledger.NoAddress: 1, ledger.BadAddress: 1, ledger.NoConsent: 2, ledger.Unsubscribed: 1, ledger.HasBounced: 1, ledger.HasComplained: 1, ledger.Erased: 1, ledger.Barred: 1,
		ledger.ControlGroup: control,
	}
	if diff := cmp.Diff(want, sums.Whys); diff != "" || control == 0 || control == 31 || sums.States[ledger.Planned] != 31-control {
		t.Errorf("suppressed (-want +got):\n%s\nplanned %d", diff, sums.States[ledger.Planned])
	}
	if n := w.hand(t, d.ID); n != 31-control {
		t.Errorf("%d handed, want %d", n, 31-control)
	}
	w.move(2 * time.Minute)
	w.tick(t)
	if d := w.get(t, d.ID); d.Status != Finished || d.Ended.IsZero() {
		t.Errorf("%s, want it finished", d.Status)
	}
	if n := len(w.jobs.sent); n > ledger.Shards {
		t.Errorf("%d jobs for %d shards", n, ledger.Shards)
	}
}
