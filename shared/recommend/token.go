package recommend

import (
	"encoding/binary"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
)

// Token is what a recommendation id says: with the profile of that time, the answer can be given again. Signed by identity.Signer for its shop, its payload is
//
//	version(1) placement(1) policy(1) model(8) seed(4) time(4, Unix seconds) teams(2 each, of Drafted alone)
type Token struct {
	Placement Placement
	Policy    Policy
	Model     uint64 // version of the model file
	Seed      uint32
	At        time.Time // second precision
	Teams     Teams     // of a list that two models picked for: whose each item is
}

// Teams says which of two models put items on a list, so that a click can be credited by the id that it carries, without a log. An item whose pick tells nothing is not in it. Two bytes an item: two bits its team,
// the others a mark of its id. Of a list of a dozen, one item in 1,500 has another one's mark; where their teams differ, both are nobody's.
type Teams []byte

// maxTeams bounds an id to what events carry: of a longer list the places behind count for nobody.
const maxTeams = 2 * 64

// AppendTeams appends what is to be said of a list.
func (m *Model) AppendTeams(dst Teams, picks []Pick) Teams {
	from := len(dst)
	for _, p := range picks {
		if p.Team != interleave.Nobody && len(dst)-from < maxTeams {
			dst = binary.BigEndian.AppendUint16(dst, markOf(m.ID(p.Item))|uint16(p.Team)<<14)
		}
	}
	return dst
}

// Of is the team of an item.
func (t Teams) Of(id event.ItemID) interleave.Team {
	found, mark := interleave.Nobody, markOf(string(id))
	for ; len(t) >= 2; t = t[2:] {
		entry := binary.BigEndian.Uint16(t)
		if entry&(1<<14-1) != mark {
			continue
		}
		if team := interleave.Team(entry >> 14); found == interleave.Nobody {
			found = team
		} else if found != team {
			return interleave.Nobody
		}
	}
	return found
}

// markOf is the first fourteen bits of FNV-1a, spread.
func markOf(id string) uint16 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return uint16(h * 0x9e3779b97f4a7c15 >> 50)
}

// Policy numbers the way a ranking was made, explorations included.
type Policy uint8

// The policies.
const (
	Fixed    Policy = iota // no draw: every propensity is 1
	LastSlot               // the last place of the shelf is drawn, see exploreShare
	Drawn                  // several places are drawn, each given those before it, see Worker.arrange
	Drafted                // two models picked in turn, see Worker.draft
)

const (
	tokenVersion = 1
	teamsVersion = 2 // with teams
	tokenBytes   = 19
)

// Signer makes and checks recommendation ids. Safe for concurrent use.
type Signer struct{ signer *identity.Signer }

// NewSigner derives the signing keys.
func NewSigner(keys *identity.Keyring) (*Signer, error) {
	s, err := identity.NewSigner(keys, identity.PurposeRecommendation)
	if err != nil {
		return nil, err
	}
	return &Signer{s}, nil
}

// Append adds the id's text to dst; it needs no escaping in JSON or URLs.
func (s *Signer) Append(dst []byte, shop event.ShopID, t Token) []byte {
	var space [tokenBytes + maxTeams]byte
	raw := append(space[:tokenBytes], t.Teams[:min(len(t.Teams), maxTeams)]...)
	raw[0], raw[1], raw[2] = tokenVersion, byte(t.Placement), byte(t.Policy)
	binary.BigEndian.PutUint64(raw[3:], t.Model)
	binary.BigEndian.PutUint32(raw[11:], t.Seed)
	binary.BigEndian.PutUint32(raw[15:], uint32(t.At.Unix()))
	if len(t.Teams) > 0 {
		raw[0] = teamsVersion
	}
	return s.signer.Append(dst, string(shop), raw)
}

// wellFormed says whether a payload is one of ours.
func wellFormed(raw []byte) bool {
	switch more := len(raw) - tokenBytes; {
	case more < 0:
		return false
	case raw[0] == tokenVersion:
		return more == 0
	default:
		return raw[0] == teamsVersion && more > 0 && more <= maxTeams && more%2 == 0
	}
}

// Parse checks an id that a shop's visitor sent back. Anything else than an own, untouched id of that shop is Invalid.
func (s *Signer) Parse(shop event.ShopID, text string) (Token, error) {
	raw, err := s.signer.Open(nil, string(shop), text)
	if err != nil || !wellFormed(raw) {
		return Token{}, fault.InvalidField("recommendationId", "not an id of this shop")
	}
	t := Token{
		Placement: Placement(raw[1]), Policy: Policy(raw[2]),
		Model: binary.BigEndian.Uint64(raw[3:]), Seed: binary.BigEndian.Uint32(raw[11:]),
		At: time.Unix(int64(binary.BigEndian.Uint32(raw[15:])), 0).UTC(),
	}
	if len(raw) > tokenBytes {
		t.Teams = raw[tokenBytes:]
	}
	return t, nil
}
