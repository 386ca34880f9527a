package recommend

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/recommend/item"
)

const oldKey = `"k1":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="`

func testSigner(t testing.TB, ring string) *Signer {
	t.Helper()
	keys, err := identity.ParseKeyring([]byte(ring))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestToken(t *testing.T) {
	before := testSigner(t, `{"current":"k1","keys":{`+oldKey+`}}`)
	now := testSigner(t, `{"current":"k2","keys":{`+oldKey+`,"k2":"YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="}}`)
	token := Token{Placement: ForYou, Policy: LastSlot, Model: 42, Seed: 7, At: time.Unix(1_800_000_000, 0).UTC()}

	for name, signer := range map[string]*Signer{"the current key": now, "the key before the rotation": before} {
		t.Run(name, func(t *testing.T) {
			got, err := now.Parse("tea", string(signer.Append(nil, "tea", token)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(token, got); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
		})
	}

	text := now.Append(nil, "tea", token)
	if _, err := now.Parse("coffee", string(text)); err == nil {
		t.Error("a token of another shop was accepted")
	}
	for i := range text {
		forged := bytes.Clone(text)
		forged[i] = 'A'
		if text[i] == 'A' {
			forged[i] = 'B'
		}
		if got, err := now.Parse("tea", string(forged)); err == nil {
			t.Errorf("changed at %d: accepted as %+v", i, got)
		}
	}
	for _, other := range []string{"", string(text) + "A", string(text[1:]), "=" + string(text[1:])} {
		if _, err := now.Parse("tea", other); err == nil {
			t.Errorf("%q was accepted", other)
		}
	}
}

func TestTeams(t *testing.T) {
	m := testModel(t)
	s := testSigner(t, `{"current":"k1","keys":{`+oldKey+`}}`)
	var picks []Pick
	for i := range 60 {
		picks = append(picks, Pick{Item: item.Ordinal(i), Team: interleave.Team(i % 3)})
	}
	token := Token{Placement: ForYou, Policy: Drafted, Model: 42, Seed: 7, At: time.Unix(1_800_000_000, 0).UTC(), Teams: m.AppendTeams(nil, picks)}
	text := s.Append(nil, "tea", token)
	got, err := s.Parse("tea", string(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(token, got); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	for i := range 60 {
		if team := got.Teams.Of(event.ItemID(m.ID(item.Ordinal(i)))); team != interleave.Team(i%3) {
			t.Errorf("item %d is %v's", i, team)
		}
	}
	if team := got.Teams.Of("not on the list"); team != interleave.Nobody {
		t.Errorf("an item that was not there is %v's", team)
	}
	long := m.AppendTeams(nil, slices.Repeat([]Pick{{Item: 1, Team: interleave.A}}, MaxLimit))
	if len(long) != maxTeams || len(s.Append(nil, "tea", Token{Teams: long})) > 400 {
		t.Errorf("%d bytes for a long list, more than events carry", len(long))
	}
	both := m.AppendTeams(nil, []Pick{{Item: 1, Team: interleave.A}, {Item: 1, Team: interleave.B}})
	if team := both.Of(event.ItemID(m.ID(1))); team != interleave.Nobody {
		t.Errorf("an item with the mark of both teams is %v's", team)
	}
	var marks [1 << 14]int
	for i := range 1 << 18 {
		marks[markOf(fmt.Sprint("SKU-", i))]++
	}
	if most := slices.Max(marks[:]); most > 64 {
		t.Errorf("%d of 262,144 ids have one mark, want about 16", most)
	}
}

func FuzzToken(f *testing.F) {
	s := testSigner(f, `{"current":"k1","keys":{`+oldKey+`}}`)
	f.Add(string(s.Append(nil, "tea", Token{Placement: ForYou, Policy: Drafted, Teams: Teams{1, 2, 3, 4}})))
	f.Add(string(s.Append(nil, "tea", Token{Placement: Similar})))
	f.Add("k1.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := s.Parse("tea", text)
		if err == nil && string(s.Append(nil, "tea", token)) != text {
			t.Errorf("%q was accepted but is written otherwise", text)
		}
	})
}
