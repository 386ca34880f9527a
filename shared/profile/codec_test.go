package profile

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

func seconds(t *rapid.T, label string) time.Time {
	n := rapid.Int64Range(-1, 4e9).Draw(t, label)
	if n < 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func millis(t *rapid.T, label string) time.Time {
	n := rapid.Int64Range(-1, 4e12).Draw(t, label)
	if n < 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// anyText is a non-empty string of any bytes, valid UTF-8 or not.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[A-Z0-9]{1,8}`), rapid.StringN(1, 40, 100), rapid.StringOf(rapid.SampledFrom([]rune(`%,;~"\#{}`+"\x00\n"))).Filter(notEmpty),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 30), func(b []byte) string { return string(b) }),
	)
}

func notEmpty(s string) bool { return s != "" }

func some[T any](t *rapid.T, label string, one func() T) []T {
	var list []T
	for range rapid.IntRange(0, 4).Draw(t, label) {
		list = append(list, one())
	}
	return list
}

func drawInterests(t *rapid.T, label string) []Interest {
	return some(t, label, func() Interest {
		return Interest{Key: anyText().Draw(t, "key"), Weight: float64(rapid.Int64Range(-1e9, 1e9).Draw(t, "weight")) / grain, At: seconds(t, "at")}
	})
}

func drawProfile(t *rapid.T) Profile {
	text := anyText()
	num := rapid.Int64Range(-1e15, 1e15)
	p := Profile{
		Shop: "demo", ID: text.Draw(t, "id"), Person: event.PersonID(rapid.OneOf(rapid.Just(""), text).Draw(t, "person")),
		Name: rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "name"), NameBy: rapid.Uint8().Draw(t, "nameBy"),
		Consent: consent.State{
			Personalization: consent.Choice(rapid.IntRange(-1, 1).Draw(t, "p")), Marketing: consent.Choice(rapid.IntRange(-1, 1).Draw(t, "m")), At: millis(t, "decided"),
		},
		Forgotten: millis(t, "forgotten"), FirstSeen: seconds(t, "first"), LastSeen: seconds(t, "last"), Visits: num.Draw(t, "visits"),
		Items: drawInterests(t, "items"), Categories: drawInterests(t, "categories"), Brands: drawInterests(t, "brands"),
	}
	p.Members = some(t, "members", func() Member {
		return Member{Visitor: event.VisitorID(text.Draw(t, "visitor")), Since: seconds(t, "since"), Trusted: rapid.Bool().Draw(t, "trusted")}
	})
	p.Recent = some(t, "recent", func() Recent {
		return Recent{Item: event.ItemID(text.Draw(t, "item")), Kind: Kind(rapid.Uint8().Draw(t, "kind")), At: seconds(t, "at"), By: rapid.Uint8().Draw(t, "by")}
	})
	p.Counters = some(t, "counters", func() Counter {
		name := rapid.OneOf(rapid.SampledFrom(knownNames[:]), rapid.Map(text, func(s string) event.Name { return event.Name(s) })).Draw(t, "name")
		return Counter{Name: name, Day: rapid.Int32().Draw(t, "day"), Count: num.Draw(t, "count")}
	})
	p.Cart = some(t, "cart", func() CartLine { return CartLine{event.ItemID(text.Draw(t, "item")), num.Draw(t, "quantity")} })
	p.Purchases = some(t, "purchases", func() Purchase {
		return Purchase{event.ItemID(text.Draw(t, "item")), int(num.Draw(t, "times")), seconds(t, "last"), rapid.Uint8().Draw(t, "by"), int(num.Draw(t, "over"))}
	})
	p.Dismissed = some(t, "dismissed", func() event.ItemID { return event.ItemID(text.Draw(t, "item")) })
	p.Offers = some(t, "offers", func() OfferSeen {
		count := rapid.IntRange(0, maxOfferCount)
		return OfferSeen{text.Draw(t, "offer"), count.Draw(t, "shown"), count.Draw(t, "ordinal"), count.Draw(t, "clicked"), count.Draw(t, "orders"), rapid.Bool().Draw(t, "unwanted"), seconds(t, "last")}
	})
	if rapid.Bool().Draw(t, "ordered") {
		p.Orders = Orders{Count: num.Draw(t, "count"), Sum: num.Draw(t, "sum"), Currency: rapid.OneOf(rapid.Just(""), text).Draw(t, "currency"), First: seconds(t, "first"), Last: seconds(t, "last")}
		p.Orders.Latest = some(t, "latest", func() OrderRef {
			return OrderRef{rapid.Uint64Range(0, hashMask).Draw(t, "hash"), num.Draw(t, "net")}
		})
	}
	if rapid.Bool().Draw(t, "folded") {
		p.Applied = Applied{Floor: seconds(t, "floor"), Count: num.Draw(t, "folded")}
		p.Applied.IDs = some(t, "ids", func() AppliedID {
			return AppliedID{rapid.Uint64Range(0, hashMask).Draw(t, "hash"), time.Unix(60*rapid.Int64Range(0, 1e8).Draw(t, "minute"), 0).UTC()}
		})
	}
	return p
}

// TestCodec holds that what is encoded comes back, that the body is canonical already and that the size is what DynamoDB counts.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		body := p.AppendBody(nil)
		canonical, err := table.Canonical(body)
		if err != nil {
			t.Fatalf("canonical form of %s: %v", body, err)
		}
		if string(canonical) != string(body) {
			t.Fatalf("the body is not canonical:\n%s\n%s", body, canonical)
		}
		sort := Own
		if p.isMerged() {
			sort = Merged
		}
		it := table.Item{Key: Key(p.Shop, p.ID, sort), Version: 7, Body: body}
		if got, want := bodySize(body)+keySize(it.Key), table.Size(it); got != want {
			t.Fatalf("size %d, DynamoDB counts %d: %s", got, want, body)
		}
		got, err := Decode(it)
		if err != nil {
			t.Fatalf("decode %s: %v", body, err)
		}
		p.Version = 7
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("decoded profile (-want +got):\n%s\n%s", diff, body)
		}
	})
}

func TestDecodeIntoReusesAndLeavesNothing(t *testing.T) {
	full := fullProfile()
	var p Profile
	if err := DecodeInto(&p, full.AppendBody(nil)); err != nil {
		t.Fatal(err)
	}
	want := full
	want.Shop, want.ID, want.Applied = "", "", Applied{}
	if diff := cmp.Diff(want, p, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("shown profile (-want +got):\n%s", diff)
	}
	if err := DecodeInto(&p, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Profile{}, p, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("an empty profile after a full one (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":             ``,
		"no object":           `[]`,
		"a number as value":   `{"r":1}`,
		"a cut value":         `{"r":"a`,
		"a cut object":        `{"r":"a"`,
		"no comma":            `{"r":"a""s":"1"}`,
		"a wrong number":      `{"s":"!"}`,
		"a minus alone":       `{"s":"-"}`,
		"a number too long":   `{"s":"1234567890123"}`,
		"a broken escape":     `{"d":"%4"}`,
		"no hexadecimal":      `{"d":"%zz"}`,
		"an unknown name":     `{"e":"~Z,1,1"}`,
		"a short hash":        `{"a":",1;abc"}`,
		"a wrong hash":        `{"a":",1;abc+ef"}`,
		"a name no base64":    `{"n":"*"}`,
		"a name that is long": `{"recent":"x" "s":"1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := Decode(table.Item{Key: Key("demo", "v", Own), Body: []byte(body)}); err == nil {
				t.Errorf("%s was read as %+v", body, p)
			}
		})
	}
	if _, err := Decode(table.Item{Key: table.Key{Table: Table, Partition: "demo#v", Sort: "other"}, Body: []byte(`{}`)}); err == nil {
		t.Error("a sort key of another kind was accepted")
	}
}

func TestDecodeKeepsQuietAboutTheUnknown(t *testing.T) {
	p, err := Decode(table.Item{Key: Key("demo", "v", Own), Body: []byte(`{"later":"x;y","r":"A,,rs,,new;B,1,rs","z":"1"}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Recent{{Item: "A", At: time.Unix(1000, 0).UTC()}, {Item: "B", Kind: Clicked, At: time.Unix(1000, 0).UTC()}}
	if diff := cmp.Diff(want, p.Recent); diff != "" {
		t.Errorf("recent (-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	full := fullProfile()
	f.Add(full.AppendBody(nil))
	for _, s := range []string{`{}`, `{"a":"rs,5;abcdef1;abcdef-2"}`, `{"r":"A,2,rs;B"}`, `{"s":",,,-1,1,rs"}`, `{"e":"~2,ffk,3;Odd%2C,ffk,1"}`, `{"o":"1,2,GBP,3,4;abcdef-5"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Decode(table.Item{Key: Key("demo", "v", Own), Body: body})
		if err != nil {
			return
		}
		again, err := Decode(table.Item{Key: Key("demo", "v", Own), Body: p.AppendBody(nil)})
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v\n%q\n%q", err, body, p.AppendBody(nil))
		}
		if got, want := string(again.AppendBody(nil)), string(p.AppendBody(nil)); got != want {
			t.Fatalf("writing twice differs:\n%q\n%q", want, got)
		}
	})
}

// fullProfile is about as large as they come.
func fullProfile() Profile {
	at := time.Unix(1_790_000_000, 0).UTC()
	p := Profile{
		Shop: "demo", ID: "01JZX5M4T2Q8W6ZP0V3N7KDY4R", Person: "p_9f86d081884c7d659a2feaa0c5", Name: []byte(strings.Repeat("n", 48)),
		Consent: consent.State{Personalization: consent.Granted, At: at}, FirstSeen: at.AddDate(-1, 0, 0), LastSeen: at, Visits: 212,
		Orders: Orders{Count: 17, Sum: 123_456, Currency: "GBP", First: at.AddDate(-1, 0, 0), Last: at},
	}
	for i := range 20 {
		item := event.ItemID(fmt.Sprintf("%dA", 85_000+i))
		when := at.Add(-time.Duration(i) * time.Hour)
		p.Recent = append(p.Recent, Recent{Item: item, Kind: Kind(i % 5), At: when})
		p.Items = append(p.Items, Interest{Key: string(item), Weight: math.Round(1e6/float64(i+1)) / grain, At: when})
		p.Purchases = append(p.Purchases, Purchase{Item: item, Times: i%3 + 1, Last: when})
		p.Dismissed = append(p.Dismissed, item)
		p.Counters = append(p.Counters, Counter{Name: knownNames[i%len(knownNames)], Day: 20_700 - int32(i/4), Count: int64(i + 1)})
	}
	for i := range 10 {
		p.Categories = append(p.Categories, Interest{Key: fmt.Sprintf("Home > Kitchen > Cake stands %d", i), Weight: 12.5, At: at})
		p.Brands = append(p.Brands, Interest{Key: fmt.Sprintf("Regency %d", i), Weight: 3.25, At: at})
		p.Cart = append(p.Cart, CartLine{Item: event.ItemID(fmt.Sprintf("%dB", 22_000+i)), Quantity: 2})
		p.Orders.Latest = append(p.Orders.Latest, OrderRef{Hash: uint64(i) * 7919, Net: 2599})
	}
	for i := range 100 {
		p.Applied.IDs = append(p.Applied.IDs, AppliedID{Hash: uint64(i) * 48_271_123 & hashMask, Received: at.Add(time.Duration(i) * time.Minute).Truncate(time.Minute)})
	}
	p.Applied.Count, p.Applied.Floor = 4711, at
	return p
}

func BenchmarkDecodeInto(b *testing.B) {
	full := fullProfile()
	body := full.AppendBody(nil)
	var p Profile
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeInto(&p, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	it, err := fullProfile().Item()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(it); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBody(b *testing.B) {
	p := fullProfile()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = p.AppendBody(buf[:0])
	}
}
