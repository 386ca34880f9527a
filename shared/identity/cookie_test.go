package identity

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func secret(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), minSecret)) }

func keyring(t testing.TB, current string, ids ...string) *Keyring {
	t.Helper()
	file := keyringFile{Current: current, Keys: map[string][]byte{}}
	for _, id := range ids {
		file.Keys[id] = secret(id[1])
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func codec(t testing.TB, current string, ids ...string) *Codec {
	t.Helper()
	c, err := NewCodec(keyring(t, current, ids...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCookieRoundTrip(t *testing.T) {
	for name, v := range map[string]Visitor{
		"a stranger":           {ID: "v_1", Issued: noon},
		"a person":             {ID: "v_1", Person: "p_2", Issued: noon},
		"a trusted person":     {ID: "v_1", Person: "p_2", Trusted: true, Issued: noon},
		"a fresh random one":   {ID: NewVisitor(), Person: NewPerson(), Issued: noon},
		"an id of other bytes": {ID: "v_\x00#%é", Issued: noon},
	} {
		t.Run(name, func(t *testing.T) {
			c := codec(t, "k1", "k1")
			got, err := c.Parse("shop", string(c.Append(nil, "shop", v)), noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v, got); diff != "" {
				t.Errorf("visitor (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCookieRefused(t *testing.T) {
	v := Visitor{ID: "v_1", Person: "p_2", Trusted: true, Issued: noon}
	good := string(codec(t, "k1", "k1").Append(nil, "shop", v))
	last := good[len(good)-2]
	other := byte('A')
	if last == other {
		other = 'B'
	}
	link, err := NewSigner(keyring(t, "k1", "k1"), PurposeLink)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		shop  string
		value string
		now   time.Time
	}{
		"of another shop":       {"other", good, noon},
		"nothing":               {"shop", "", noon},
		"no key id":             {"shop", strings.TrimPrefix(good, "k1"), noon},
		"unknown key id":        {"shop", "k9" + strings.TrimPrefix(good, "k1"), noon},
		"cut":                   {"shop", good[:len(good)-3], noon},
		"longer":                {"shop", good + "AAAA", noon},
		"one character changed": {"shop", good[:len(good)-2] + string(other) + good[len(good)-1:], noon},
		"too old":               {"shop", good, noon.Add(CookieLife + time.Second)},
		"made for a link":       {"shop", string(link.Append(nil, "shop", []byte("\x01\x00\x01\x03v_1"))), noon},
		"huge":                  {"shop", good + strings.Repeat("A", 1<<16), noon},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := codec(t, "k1", "k1").Parse("shop", tt.value, tt.now)
			if tt.shop == "other" {
				got, err = codec(t, "k1", "k1").Parse("other", tt.value, tt.now)
			}
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("Parse = %+v, %v; want unauthenticated", got, err)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	v := Visitor{ID: "v_1", Issued: noon}
	old := string(codec(t, "k1", "k1").Append(nil, "shop", v))
	both := codec(t, "k2", "k1", "k2")
	if _, err := both.Parse("shop", old, noon); err != nil {
		t.Errorf("a cookie of the former key: %v", err)
	}
	if fresh := string(both.Append(nil, "shop", v)); !strings.HasPrefix(fresh, "k2.") {
		t.Errorf("a new cookie %q is not made with the current key", fresh)
	}
	if _, err := codec(t, "k2", "k2").Parse("shop", old, noon); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a cookie of a removed key: %v, want unauthenticated", err)
	}
}

func TestKeyringRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":            `{`,
		"no keys":            `{"current":"k1"}`,
		"current not there":  `{"current":"k2","keys":{"k1":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}}`,
		"short secret":       `{"current":"k1","keys":{"k1":"QUFB"}}`,
		"a dot in a key id":  `{"current":"k.1","keys":{"k.1":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}}`,
		"secret not base 64": `{"current":"k1","keys":{"k1":"%%%"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseKeyring([]byte(text)); !fault.Is(err, fault.Invalid) {
				t.Errorf("ParseKeyring = %v, want invalid", err)
			}
		})
	}
	if _, err := ParseKeyring(NewKeyring()); err != nil {
		t.Errorf("a new keyring: %v", err)
	}
}

func TestSeal(t *testing.T) {
	s, err := NewSealer(keyring(t, "k1", "k1"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.Seal("shop", "p_1", []byte("Zoë"))
	if text, err := s.Open("shop", "p_1", sealed); err != nil || string(text) != "Zoë" {
		t.Errorf("Open = %q, %v", text, err)
	}
	changed := append([]byte{}, sealed...)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]struct {
		shop, owner string
		sealed      []byte
	}{
		"another shop": {"other", "p_1", sealed}, "another person": {"shop", "p_2", sealed}, "changed": {"shop", "p_1", changed}, "cut": {"shop", "p_1", sealed[:5]}, "empty": {"shop", "p_1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if text, err := s.Open("shop", try.owner, try.sealed); try.shop == "shop" && !fault.Is(err, fault.Invalid) {
				t.Errorf("Open = %q, %v; want invalid", text, err)
			}
			if try.shop == "other" {
				if text, err := s.Open("other", try.owner, try.sealed); !fault.Is(err, fault.Invalid) {
					t.Errorf("Open = %q, %v; want invalid", text, err)
				}
			}
		})
	}
}

func TestUserSignature(t *testing.T) {
	secrets := [][]byte{[]byte("new secret"), []byte("old secret")}
	tests := map[string]struct {
		user, signature string
		want            bool
	}{
		"by the new secret":   {"u1", SignUser(secrets[0], "u1"), true},
		"by the old secret":   {"u1", SignUser(secrets[1], "u1"), true},
		"in capitals":         {"u1", strings.ToUpper(SignUser(secrets[0], "u1")), true},
		"of another user":     {"u2", SignUser(secrets[0], "u1"), false},
		"by somebody":         {"u1", SignUser([]byte("guess"), "u1"), false},
		"not hexadecimal":     {"u1", "zz", false},
		"none":                {"u1", "", false},
		"of nobody":           {"", SignUser(secrets[0], ""), false},
		"cut to a few digits": {"u1", SignUser(secrets[0], "u1")[:8], false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := VerifyUser(secrets, tt.user, tt.signature); got != tt.want {
				t.Errorf("VerifyUser = %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzCookie holds the codec to this: what it takes it has made itself, byte for byte.
func FuzzCookie(f *testing.F) {
	c := codec(f, "k1", "k1", "k2")
	good := string(c.Append(nil, "shop", Visitor{ID: "v_1", Person: "p_2", Trusted: true, Issued: noon}))
	for _, seed := range []string{good, good[3:], "k1.", "k2." + good[3:], ".", "", "k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		v, err := c.Parse("shop", value, noon)
		if err != nil {
			return
		}
		if again := string(c.Append(nil, "shop", v)); again != value {
			t.Errorf("took %q, which is not %q", value, again)
		}
	})
}

func BenchmarkCookieParse(b *testing.B) {
	c := codec(b, "k1", "k1")
	value := string(c.Append(nil, "shop", Visitor{ID: NewVisitor(), Person: NewPerson(), Trusted: true, Issued: noon}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Parse("shop", value, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCookieAppend(b *testing.B) {
	c := codec(b, "k1", "k1")
	v := Visitor{ID: NewVisitor(), Person: NewPerson(), Issued: noon}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = c.Append(dst[:0], "shop", v)
	}
}
