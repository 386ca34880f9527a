// Package knn recommends what similar recent sessions went on to look at: VMIS-kNN (Kersbergen, Sprangers, Schelter, "Serenade: low-latency
// session-based recommendation in e-commerce at scale", SIGMOD 2022), with the decays of V-SKNN (Ludewig and Jannach, "Evaluation of session-based recommendation
// algorithms", 2018) and STAN (Garg et al., "Sequence and time aware neighborhood for session-based recommendations", SIGIR 2019) as settings.
//
// An index holds, for every item, its m newest sessions, newest first. To continue a session we walk its items from the newest, collect the sessions
// that share them (weight: position), keep the k most similar, and let each vote for its items (weight: similarity x closeness of the first match x
// idf of the item).
//
// In figures, for an evolving session of L items, D of them distinct, and a neighbour n whose newest shared item is the f-th from the end:
//
//	similarity(n) = sum over shared items of (L - p) / D        p = 0 for the newest
//	score(i)      = idf(i) * sum over neighbours with i of (1 - 0.1 f) * similarity(n)
//	idf(i)        = weight * ln(postings of all items / postings of i)
//
// # How an answer is made
//
// Sessions are numbered from the newest, so that an ordinal is the session's recency and a posting list is sorted by it. The published algorithm walks list
// after list and keeps m candidates in a heap, in which newer sessions push out older ones. What it ends with can be said without a heap: the m newest
// distinct sessions of all lists, each with the sum over every list that names it. A session that was pushed out is older than m others for good, and
// where a walk stops everything behind is older still. So we merge the lists, newest first, and stop after m: each candidate comes once, complete, in order of
// recency, as its ordinal and the set of items it shares. The merge has no branch on which list is next (see merge).
//
// Similarity is a whole number until the vote, looked up by the set of shared items, so that the k best are found by counting; the newest of equally
// similar ones are the first. Idf is multiplied once per item and not once per vote. Every ranking has a total order: similarity, then recency; score, then
// ordinal.
//
// Complexity: O(last x m + k x items of a session) per answer. Memory: 4 bytes per posting and per session item, 4 per session, 8 per item; with ages 4 more per
// session. Of a goroutine: 4 bytes per item of the catalog.
//
// # What happened since
//
// Building is for the night. A Live lays the sessions of the last minutes over an index and takes one click in about a microsecond; see there.
package knn
