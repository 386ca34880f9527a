package web

import (
	"strconv"

	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/recommend"
)

// enter lets a visitor take part in a comparison of models, and gives the model that answers. Who has no cookie yet, or did not agree, takes no part. Where the other model is not at hand the one in use answers for it, and the
// log says so.
func (l *listing) enter(trial *recommend.Running, inUse *recommend.Model, a *asked) *recommend.Model {
	if !a.allowed || !a.cookie {
		return inUse
	}
	l.trial, l.arm = trial, trial.Arm(a.visitor.ID)
	switch {
	case trial.Other == nil:
	case l.arm == recommend.ArmB:
		return trial.Other
	case l.arm == recommend.ArmBoth:
		a.query.Against, a.query.Coin = trial.Other, trial.Coin(a.visitor.ID, a.query.Now)
	}
	return inUse
}

// teams are the letters by which the log names who put an item there.
var teams = [...]byte{interleave.Nobody: '-', interleave.A: 'a', interleave.B: 'b'}

// appendArm writes which comparison the answer is part of, and of a list of both models the other's version and, item by item, whose it is.
func (l *listing) appendArm(dst []byte, a *asked, shelves []recommend.Shelf) []byte {
	dst = append(dst, `,"trial":"`...)
	dst = append(dst, l.trial.ID...)
	dst = append(dst, `","arm":"`...)
	dst = append(dst, l.arm.String()...)
	dst = append(dst, '"')
	if a.query.Against == nil {
		return dst
	}
	dst = append(dst, `,"against":`...)
	dst = strconv.AppendUint(dst, a.query.Against.Version(), 10)
	for _, s := range shelves {
		if s.Placement != recommend.ForYou {
			continue
		}
		dst = append(dst, `,"teams":"`...)
		for _, p := range s.Picks {
			dst = append(dst, teams[p.Team])
		}
		dst = append(dst, '"')
	}
	return dst
}
