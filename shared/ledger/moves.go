package ledger

import (
	"slices"

	"shopkeeper/shared/fault"
)

// moves is every legal change of state; whatever it does not list is refused. A row begins as planned or suppressed. A planned or suppressed row moves to what
// an observation tells only when it was claimed before (Attempts): a provider that was believed not to have the message had it after all.
var moves = map[State][]State{
	"":         {Planned, Suppressed},
	Planned:    {Claimed, Suppressed, Delivered, Bounced, Opened, Clicked, Complained},
	Claimed:    {Handed, Planned, Suppressed, Uncertain, Delivered, Bounced, Opened, Clicked, Complained},
	Uncertain:  {Handed, Delivered, Bounced, Opened, Clicked, Complained},
	Handed:     {Delivered, Bounced, Opened, Clicked, Complained},
	Delivered:  {Bounced, Opened, Clicked, Complained},
	Bounced:    {Opened, Clicked, Complained},
	Opened:     {Clicked, Complained},
	Clicked:    {Complained},
	Complained: {},
	Suppressed: {Delivered, Bounced, Opened, Clicked, Complained},
}

// States lists every state, in the order of a message's life.
func States() []State {
	return []State{Planned, Claimed, Uncertain, Handed, Delivered, Bounced, Opened, Clicked, Complained, Suppressed}
}

// CanMove says whether a row may go from one state to the other; the empty state is that of a row that is not there yet.
func CanMove(from, to State) bool { return slices.Contains(moves[from], to) }

// rank orders what is told of a handed message: the highest that was ever told is its state, in whatever order it is told. A bounce outranks a delivery (servers
// accept and refuse later); an opened mail was not bounced.
func rank(s State) int {
	return slices.Index([]State{Claimed, Uncertain, Handed, Delivered, Bounced, Opened, Clicked, Complained}, s)
}

// Settled says whether nothing is left to do for the row: it is neither planned nor claimed.
func (s State) Settled() bool { return s != Planned && s != Claimed }

func illegal(from, to State) error {
	if from == "" {
		from = "nothing"
	}
	return fault.Newf(fault.Conflict, "a message that is %s cannot become %s", from, to)
}
