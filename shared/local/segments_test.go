package local

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/segment"
)

// TestAChangedProfileEntersItsSegmentWithinASecond measures it through the loops of the local product: from the acknowledged event to the membership.
func TestAChangedProfileEntersItsSegmentWithinASecond(t *testing.T) {
	l, err := Open(t.Context(), t.TempDir(), &Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	segments := segment.NewStore(l.Now, l.DB)
	if _, err := segments.Put(t.Context(), segment.Definition{Shop: ShopID, ID: "lookers", Name: "Who looks", Condition: `did("Product Viewed", 7) >= 2`}); err != nil {
		t.Fatal(err)
	}
	w, err := l.newWorks()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	all, running := errgroup.WithContext(ctx)
	w.start(running, all)
	defer func() {
		stop()
		if err := all.Wait(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i := range 3 {
		visitor := event.VisitorID(fmt.Sprintf("v_%d", i))
		for n := range 2 {
			e := event.Event{
				Shop: ShopID, Visitor: visitor, ID: event.ID(fmt.Sprint("e", n)), Type: event.Track, Name: event.ProductViewed, At: l.Now(), ReceivedAt: l.Now(), Lines: []event.Line{{Item: "mug"}},
			}
			it, err := e.Item()
			if err != nil {
				t.Fatal(err)
			}
			if err := l.DB.PutAll(t.Context(), it); err != nil {
				t.Fatal(err)
			}
		}
		took, entered := until(t, time.Second, func() bool {
			in, err := segments.Of(t.Context(), ShopID, string(visitor))
			if err != nil {
				t.Fatal(err)
			}
			return slices.Contains(in, "lookers")
		})
		if !entered {
			t.Errorf("%s has not entered after %v", visitor, took)
		}
		t.Logf("%s entered after %v", visitor, took.Round(time.Millisecond))
	}
}

// until asks again and again until the answer is yes, or the time is over, and says how long it took.
func until(t *testing.T, limit time.Duration, is func() bool) (time.Duration, bool) {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if is() {
			return time.Since(begun), true
		}
		if time.Since(begun) > limit {
			return time.Since(begun), false
		}
		<-tick.C
	}
}
