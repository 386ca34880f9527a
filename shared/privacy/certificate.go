package privacy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
)

// Certificate says what an erasure found and removed where, and what the scan after it found. It names nobody: Who is a keyed hash of what was asked for, so that the shop can tell on request that it
// carried the erasure out.
type Certificate struct {
	Erasure  string       `json:"erasure"`
	Shop     event.ShopID `json:"shop"`
	Who      string       `json:"who"`
	Subjects int          `json:"subjects"` // persons or visitors that were erased
	At       time.Time    `json:"at"`       // what happened before it is dropped from now on, whenever it arrives
	Finished time.Time    `json:"finished"`
	Removed  []Removed    `json:"removed"`
	Scan     *Scanned     `json:"scan,omitempty"` // absent where the bytes are out of reach
}

// Removed is what one part of the product had.
type Removed struct {
	Part  string `json:"part"`
	Found int    `json:"found"` // records, lines or files
}

func (c *Certificate) add(part string, found int) {
	i := slices.IndexFunc(c.Removed, func(r Removed) bool { return r.Part == part })
	if i < 0 {
		c.Removed, i = append(c.Removed, Removed{Part: part}), len(c.Removed)
	}
	c.Removed[i].Found += found
}

// Clean says that the scan found nothing.
func (c Certificate) Clean() bool { return c.Scan != nil && c.Scan.Clean() }

// Text is the certificate to be read.
func (c Certificate) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Certificate of erasure %s\n\n  shop      %s\n  asked for %s (keyed hash)\n  at        %s\n  finished  %s\n\nRemoved:\n", c.Erasure, c.Shop, c.Who, c.At.Format(time.RFC3339), c.Finished.Format(time.RFC3339))
	for _, r := range c.Removed {
		fmt.Fprintf(&b, "  %8d  %s\n", r.Found, r.Part)
	}
	if c.Scan == nil {
		return b.String() + "\nNo scan was possible here: engines drop what was removed within a day.\n"
	}
	fmt.Fprintf(&b, "\nScan: looked for %d words and ids in %d records and %d files (%d bytes).\n", c.Scan.Words, c.Scan.Records, c.Scan.Files, c.Scan.Bytes)
	for _, f := range c.Scan.Found {
		fmt.Fprintf(&b, "  STILL THERE  %s (%d)\n", f.Where, f.Count)
	}
	if c.Clean() {
		b.WriteString("Nothing was found.\n")
	}
	return b.String()
}
