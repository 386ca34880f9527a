package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/fault"
)

// maxRecordedVariant bounds the names of variants of campaigns run elsewhere, which may be any text.
const maxRecordedVariant = 200

// Record stores a campaign that has been run elsewhere: it is finished, and nothing is done for it. Recorded again it is replaced. Conflict: a campaign of that id was made here. The ledger's
// Record keeps its rows.
func (s *Store) Record(ctx context.Context, d Definition) (Definition, error) {
	var p problems
	p.check(idPattern.MatchString(string(d.ID)), "id", "has 1 to 64 characters of a-z, 0-9 and -")
	p.check(strings.TrimSpace(d.Name) != "" && len(d.Name) <= maxNameBytes, "name", "has 1 to 200 bytes")
	p.check(d.Control >= 0 && d.Control < 1, "control", "lies between 0 and 1")
	p.check(len(d.Variants) > 0, "variants", "are needed: what was sent")
	for i, v := range d.Variants {
		p.check(v.Name != "" && len(v.Name) <= maxRecordedVariant, fmt.Sprintf("variants[%d].name", i), "has 1 to 200 bytes")
	}
	if err := p.err(); err != nil {
		return Definition{}, err
	}
	old, err := s.Get(ctx, d.Shop, d.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		d.Version = 0
	case err != nil:
		return Definition{}, err
	case !old.Recorded():
		return Definition{}, fault.Newf(fault.Conflict, "there is a campaign %q that was made here", d.ID)
	default:
		d.Version = old.Version
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	d.Status, d.From.Email, d.Updated = Finished, "", now
	if d.Created.IsZero() {
		d.Created = now
	}
	return s.write(ctx, d)
}

// Recorded says whether the campaign was run elsewhere: nothing finishes here without a sender.
func (d Definition) Recorded() bool { return d.Status == Finished && d.From.Email == "" }
