// Package recommend answers placements: which items a visitor is shown, in which order, and why.
//
// A page is a list of slots (placement and length). Each placement is a pipeline: candidate sources, a blend, filters, diversity, a small seeded
// exploration whose probability is known, and a fallback, so that an answer always comes: session, then profile, then category, then popular.
//
// An item is never shown when it is hidden, sold out, excluded by the caller, dismissed, already on the page, or already bought (unless it is one that people
// buy again and again). On a device that the shop did not vouch for, what a person did on other devices moves the ranking, but is neither shown nor
// named (see Viewer).
//
// Over the pipelines stands what the shop wants (package rules): places that rules pin, items they lift, push down or ban, a share of places for new items that hardly
// anybody met, and how varied a shelf is. The rest of each shelf is arranged by maximal marginal relevance, and drawn for a visitor who comes back (see Worker.arrange).
// What the catalog says now is laid over the model: prices, what is hidden, sold out or deleted, and new items, which are found by what they are like.
//
// An answer reads one profile and writes nothing. The recommendation id is a signed token from which the answer can be replayed (see Token).
package recommend
