package recommend

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testSigner() *Signer {
	return &Signer{Number: 2, Key: bytes.Repeat([]byte{7}, 32), Old: map[byte][]byte{1: bytes.Repeat([]byte{9}, 32)}}
}

func TestToken(t *testing.T) {
	now := testSigner()
	before := &Signer{Number: 1, Key: now.Old[1]}
	token := Token{Shop: "tea", Placement: ForYou, Policy: LastSlot, Model: 42, Seed: 7, At: time.Unix(1_800_000_000, 0).UTC()}

	for name, signer := range map[string]*Signer{"the current key": now, "the key before the rotation": before} {
		t.Run(name, func(t *testing.T) {
			got, err := now.Parse("tea", string(signer.Append(nil, token)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(token, got); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
		})
	}

	text := now.Append(nil, token)
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

func FuzzToken(f *testing.F) {
	s := testSigner()
	f.Add(string(s.Append(nil, Token{Shop: "tea", Placement: Similar})))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := s.Parse("tea", text)
		if err == nil && string(s.Append(nil, token)) != text {
			t.Errorf("%q was accepted but is written otherwise", text)
		}
	})
}
