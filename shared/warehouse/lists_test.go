package warehouse

import (
	"context"
	"testing"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/trend"
)

// stranger is an engine whose every table holds one row of its own.
type stranger struct {
	notebook
	files blob.Store
	put   func(ctx context.Context, files blob.Store, name string) error
}

func (s *stranger) Materialize(ctx context.Context, _, _, folder string) (string, error) {
	return folder, s.put(ctx, s.files, folder+"part")
}

func putting[T any](row T) func(context.Context, blob.Store, string) error {
	return func(ctx context.Context, files blob.Store, name string) error { return Put(ctx, files, name, []T{row}) }
}

// TestRowsOfAnotherCatalog are refused, whichever list they are for.
func TestRowsOfAnotherCatalog(t *testing.T) {
	for name, tt := range map[string]struct {
		put  func(context.Context, blob.Store, string) error
		read func(context.Context, *Build) error
	}{
		"holders":  {putting(holderRow{Ordinal: 2}), func(ctx context.Context, b *Build) error { _, _, err := b.Cosines(ctx); return err }},
		"walks":    {putting(holderRow{Ordinal: -1}), func(ctx context.Context, b *Build) error { _, err := b.Walks(ctx); return err }},
		"entries":  {putting(partsRow{I: 1, J: 7}), func(ctx context.Context, b *Build) error { _, err := b.entries(ctx, "similar"); return err }},
		"pairs":    {putting(pairRow{I: 1, J: 2}), func(ctx context.Context, b *Build) error { _, err := b.Inverse(ctx, nil); return err }},
		"gram":     {putting(partsRow{I: -1}), func(ctx context.Context, b *Build) error { _, err := b.Blocks(ctx, nil); return err }},
		"sessions": {putting(clickRow{Place: 1 << 40}), func(ctx context.Context, b *Build) error { _, err := b.Sessions(ctx); return err }},
		"orders":   {putting(holdingRow{Ordinal: 1 << 60}), func(ctx context.Context, b *Build) error { _, err := b.Together(ctx); return err }},
		"heat":     {putting(heatRow{Ordinal: 2}), func(ctx context.Context, b *Build) error { _, err := b.Heat(ctx, 5); return err }},
		"first":    {putting(firstRow{Ordinal: 2}), func(ctx context.Context, b *Build) error { _, err := b.FirstSeen(ctx); return err }},
		"repeats":  {putting(repeatRow{Ordinal: 2}), func(ctx context.Context, b *Build) error { _, err := b.Repeats(ctx); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			n := &notebook{}
			files := folderOf(t)
			r := begin(t, n, files, now, "a", "b")
			r.engine = &stranger{notebook{tables: map[string]string{}}, files, tt.put}
			b, err := r.Whole(Settings{RP3beta: rp3beta.DefaultSettings, KNN: knn.DefaultSettings, Weights: interaction.DefaultWeights, Trend: trend.DefaultSettings})
			if err != nil {
				t.Fatal(err)
			}
			b.set("least", 1)
			if err := tt.read(t.Context(), b); !fault.Is(err, fault.Unavailable) {
				t.Errorf("got %v, want Unavailable", err)
			}
		})
	}
}
