// Package offpolicy tells from the log of one policy what another would have earned, without showing it to anybody.
//
// # One choice
//
// The log holds, for every decision, what was chosen, with which probability pi0 (its propensity), and the reward r that came of it. With pi the probability that the other policy makes the
// same choice, and w = pi / pi0,
//
//	IPS   = mean(w r)                      Horvitz and Thompson (1952): right on average if pi0 is, and if pi0 > 0 wherever pi > 0
//	SNIPS = sum(w r) / sum(w)              Swaminathan and Joachims (2015): minds large weights less; a bias that vanishes with 1/n
//	DR    = mean(q_pi(x) + w (r - q(x,a))) Dudik, Langford and Li (2011): right when either the propensities or the reward model q are; the better q, the narrower
//
// Weights above Options.Clip are cut to it. That trades variance for bias, and the bias has a sign: cutting takes away from IPS what E[(w - clip) r; w > clip] comes to, so with rewards that
// are not negative a clipped IPS is too low, by at most the clipped mass times the largest reward. SNIPS loses the same share above and below and is biased less, DR is biased only by what q does
// not explain of the clipped part. TestClippingIsBias measures it.
//
// The effective sample size (sum w)^2 / sum w^2 is how many decisions of the other policy's own the log is worth (Kish 1965). Where it is a small part of N, or below Enough, do not believe
// the figures: Estimates.Weak says so. Mean weights far from 1 say that propensities are wrong or that the other policy does what the log never did (MeanWeight).
//
// # Lists
//
// A list of k places has too many outcomes for the weight of a whole list to be of use. The assumption made instead is item-position independence: what a place earns depends on the visitor, the
// item there and the place, not on the items beside it (Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen, KDD 2018). Then the value of a list is the sum over its places, each
// estimated by the propensity of its own item, and SNIPS is normalised place by place. It is wrong where items of a list compete for one click: there the sum tells what places earn
// beside what the log had around them, and policies that change one place are told right, policies that change all of them only roughly.
//
// # Whose decisions
//
// Decisions for one visitor depend on each other (one who never clicks never clicks), and a page that stands still for a day is one draw shown often. Intervals are therefore bootstrapped by
// unit, usually the visitor: whole units are drawn with all their decisions.
//
// # Reward models
//
// Rates is the plain one used here: the click rate of an item, drawn to the rate of all as far as it was rarely shown. It is fitted on the units of the other half (cross-fitting), as a model that
// has seen a decision's reward would explain the reward away.
package offpolicy
