package impression

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
)

func signer(t testing.TB) *Signer {
	t.Helper()
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var sample = Impression{
	Offer: "spring-tea", Subject: "p_0123456789abcdefghijkl", Ordinal: 3, Placement: 2, Propensity: float32(math.Round(0.31*math.MaxUint16)) / math.MaxUint16,
	At: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
}

func TestRoundTrip(t *testing.T) {
	s := signer(t)
	longest := Impression{Offer: strings.Repeat("o", MaxOffer), Subject: strings.Repeat("s", MaxSubject), Ordinal: MaxOrdinal, Placement: 15, Situation: 15, Propensity: 1, At: sample.At}
	nobody := sample
	nobody.Subject = ""
	for name, im := range map[string]Impression{"usual": sample, "the longest": longest, "nobody in particular": nobody} {
		t.Run(name, func(t *testing.T) {
			text := string(s.Append(nil, "tea", &im))
			if len(text) > 400 {
				t.Errorf("%d characters: collect cuts what is longer than 400", len(text))
			}
			got, err := s.Parse("tea", text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(im, got); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
			peeked, err := Peek(text)
			if diff := cmp.Diff(im, peeked); diff != "" || err != nil {
				t.Errorf("peeked (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := signer(t)
	good := string(s.Append(nil, "tea", &sample))
	other := string(signer(t).Append(nil, "tea", &sample))
	zero, capital := sample, sample
	zero.Ordinal, capital.Offer = 0, "Spring"
	tests := map[string]string{
		"another shop's":        string(s.Append(nil, "mugs", &sample)),
		"another deployment's":  other,
		"cut":                   good[:len(good)-1],
		"changed":               good[:10] + "A" + good[11:],
		"empty":                 "",
		"no showing":            string(s.Append(nil, "tea", &zero)),
		"an offer that is none": string(s.Append(nil, "tea", &capital)),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if im, err := s.Parse("tea", text); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v, %v", im, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	s := signer(f)
	f.Add(string(s.Append(nil, "tea", &sample)))
	f.Add("k1.AQID")
	f.Add("k1.")
	f.Add(".")
	f.Fuzz(func(t *testing.T, text string) {
		im, err := s.Parse("tea", text)
		peeked, peekErr := Peek(text)
		if err == nil && (peekErr != nil || peeked != im) {
			t.Errorf("a good id reads as %+v (%v), not %+v", peeked, peekErr, im)
		}
		if peekErr != nil {
			return
		}
		if len(peeked.Offer) < 1 || len(peeked.Offer) > MaxOffer || len(peeked.Subject) > MaxSubject || peeked.Ordinal < 1 || peeked.Ordinal > MaxOrdinal {
			t.Errorf("out of bounds: %+v", peeked)
		}
		again, err := Peek(string(s.Append(nil, "tea", &peeked)))
		if err != nil || again != peeked {
			t.Errorf("made again it reads as %+v (%v), not %+v", again, err, peeked)
		}
	})
}
