// Package profile is what a shop remembers of a visitor, small enough to be read with every front page: under 4 KB however active the visitor is.
//
// A visitor's own profile is the fold of the visitor's events, each once. A person's profile is the merge of the own profiles of the
// person's visitors, computed anew whenever one of them changes: nothing is destroyed by a merge, so taking a visitor out again is exact.
package profile

import (
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds profiles: partition shop#id, sort key Own for a visitor's own profile, Merged for a person's. Its feed drives segments.
const Table table.Name = "profiles"

// The sort keys of the profiles table.
const (
	Own    = "own"
	Merged = "merged"
)

// MaxBytes bounds a stored profile, keys and attribute names included, as DynamoDB counts it: half a read unit.
const MaxBytes = 4096

// Key is where a profile lives. For Merged the id is the person's.
func Key(shop event.ShopID, id string, sort string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), id), Sort: sort}
}

// Kind is what a visitor did with an item, weakest first.
type Kind uint8

// The kinds.
const (
	Viewed Kind = iota
	Clicked
	Wished
	Carted
	Bought
)

// Recent is an item a visitor had to do with lately: one entry an item, newest first.
type Recent struct {
	Item event.ItemID
	Kind Kind      // the strongest so far
	At   time.Time // the latest time, second precision
	By   uint8     // in a merged profile: index into Members; else 0
}

// Interest is a decaying weight: Weight held at At and halves every HalfLife.
type Interest struct {
	Key    string // item id, category path or brand
	Weight float64
	At     time.Time
}

// CartLine is an item in the basket.
type CartLine struct {
	Item     event.ItemID
	Quantity int64
}

// Purchase is an item bought: how often (orders), when last, and how many days that was after the first time.
type Purchase struct {
	Item  event.ItemID
	Times int
	Last  time.Time
	By    uint8
	Over  int // 0 where it was bought once, or where that is not known
}

// Orders sums what was bought. Sum is net of refunds, minor units of Currency: orders in other currencies count but are not summed.
type Orders struct {
	Count    int64
	Sum      int64
	Currency string
	First    time.Time
	Last     time.Time
	Latest   []OrderRef // newest last, so that an order told again, changed or refunded is known
}

// OrderRef is an order that is part of Count and Sum: a 36-bit hash of its id and what it adds to Sum at present.
type OrderRef struct {
	Hash uint64
	Net  int64
}

// Counter counts one event name on one UTC day (days since 1970).
type Counter struct {
	Name  event.Name
	Day   int32
	Count int64
}

// NoMember is a NameBy that points at none.
const NoMember uint8 = 255

// Member is a visitor whose own profile is part of a merged one.
type Member struct {
	Visitor event.VisitorID
	Since   time.Time
	Trusted bool
}

// Profile is the whole memory of a visitor or person. Slices are bounded (see fold.go); orders of slices are total.
type Profile struct {
	Shop    event.ShopID
	ID      string // visitor id, or person id in a merged profile
	Version int64  // of the stored item; 0 when it is not stored yet
	Person  event.PersonID
	Members []Member // merged profiles only
	Name    []byte   // first name for the greeting, sealed (identity.Sealer); empty when unknown
	NameBy  uint8    // in a merged profile: index into Members of the device that told the name, NoMember when the shop or nobody did

	Consent   consent.State
	Forgotten time.Time // set when the visitor's data was removed: events received up to then are not folded again

	FirstSeen  time.Time
	LastSeen   time.Time
	Visits     int64 // sessions begun
	Recent     []Recent
	Items      []Interest
	Categories []Interest
	Brands     []Interest
	Counters   []Counter
	Cart       []CartLine
	Orders     Orders
	Purchases  []Purchase
	Dismissed  []event.ItemID
	Offers     []OfferSeen // the latest first

	Applied Applied // what has been folded
}

// Applied remembers which events a profile has: the ids of the latest MaxApplied, in the order in which they were folded, and a floor under them.
// An event received before the floor is taken as folded.
type Applied struct {
	Floor time.Time
	IDs   []AppliedID
	Count int64 // events folded in all
}

// AppliedID is one folded event: a 36-bit hash of its id and when it was received (minute precision: it only moves the floor).
type AppliedID struct {
	Hash     uint64
	Received time.Time
}
