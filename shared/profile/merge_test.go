package profile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

func drawParts(t *rapid.T) []Part {
	var parts []Part
	for i := range rapid.IntRange(1, MaxMembers+4).Draw(t, "members") {
		own := Profile{Shop: "demo", ID: fmt.Sprintf("visitor-%02d", i)}
		for _, e := range drawEvents(t, 12) {
			e.Visitor = event.VisitorID(own.ID)
			Fold(&own, e, DefaultWeights)
		}
		m := Member{Visitor: event.VisitorID(own.ID), Since: noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "since")) * time.Hour), Trusted: rapid.Bool().Draw(t, "trusted")}
		parts = append(parts, Part{m, own})
	}
	return parts
}

// TestMerge holds that the order of parts does not matter, that parts stay as they were, that the result fits and survives storing, and that taking a part out leaves what the
// others make.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := drawParts(t)
		before := make([]string, len(parts))
		for i := range parts {
			before[i] = string(parts[i].Own.AppendBody(nil))
		}
		merged := Merge("demo", "p_ann", parts)
		if diff := cmp.Diff(merged, Merge("demo", "p_ann", rapid.Permutation(parts).Draw(t, "order"))); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
		for i := range parts {
			if string(parts[i].Own.AppendBody(nil)) != before[i] {
				t.Fatalf("part %d was changed", i)
			}
		}
		it, err := merged.Item()
		if err != nil {
			t.Fatal(err)
		}
		if n := table.Size(it); n > MaxBytes {
			t.Fatalf("%d bytes", n)
		}
		got, err := Decode(it)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(merged, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("stored (-want +got):\n%s", diff)
		}
		if len(merged.Members) != min(len(parts), MaxMembers) {
			t.Fatalf("%d members of %d parts", len(merged.Members), len(parts))
		}
		for i := 1; i < len(merged.Items); i++ {
			if compareInterest(merged.Items[i-1], merged.Items[i]) >= 0 {
				t.Fatalf("interests out of order: %v", merged.Items)
			}
		}
	})
}

func TestMergeRules(t *testing.T) {
	laptop := folded(did(event.ProductViewed, 0, line("A")), ordered(event.OrderCompleted, 1, "o1", 500, line("A")), did(event.ProductAdded, 5, line("B")))
	shop := folded(ordered(event.OrderCompleted, 1, "o1", 500, line("A")), ordered(event.OrderCompleted, 2, "o2", 70, line("C")))
	no := folded(did(event.ProductViewed, 9, line("secret")))
	no.Consent = consent.State{Personalization: consent.Denied, At: noon}
	yes := laptop
	yes.Consent = consent.State{Personalization: consent.Granted, At: noon}
	merged := Merge("demo", "p_ann", []Part{{Member{"shop", second(2), true}, shop}, {Member{"laptop", second(1), false}, yes}, {Member{"phone", second(0), false}, no}})

	if want := []Member{{"laptop", second(1), false}, {"shop", second(2), true}}; !cmp.Equal(want, merged.Members) {
		t.Errorf("members (-want +got):\n%s", cmp.Diff(want, merged.Members))
	}
	if merged.Orders.Count != 2 || merged.Orders.Sum != 570 {
		t.Errorf("orders %+v", merged.Orders)
	}
	want := []Recent{{"B", Carted, second(5), 0}, {"C", Bought, second(2), 1}, {"A", Bought, second(1), 0}}
	if diff := cmp.Diff(want, merged.Recent); diff != "" {
		t.Errorf("recent (-want +got):\n%s", diff)
	}
	if merged.Consent != yes.Consent || merged.Visits != 2 || merged.NameBy != NoMember {
		t.Errorf("consent %+v, visits %d, name by %d", merged.Consent, merged.Visits, merged.NameBy)
	}
	if i, ok := merged.Member("shop"); !ok || i != 1 {
		t.Errorf("the shop is member %d, %v", i, ok)
	}
	if _, ok := merged.Member("phone"); ok {
		t.Error("who said no is a member")
	}
	if slices.ContainsFunc(merged.Items, func(x Interest) bool { return x.Key == "secret" }) {
		t.Error("what a member who said no looked at is known")
	}
}

func BenchmarkMerge(b *testing.B) {
	var parts []Part
	for i := range 4 {
		parts = append(parts, Part{Member{event.VisitorID(fmt.Sprint(i)), second(i), false}, fullProfile()})
	}
	b.ReportAllocs()
	for b.Loop() {
		Merge("demo", "p_ann", parts)
	}
}
