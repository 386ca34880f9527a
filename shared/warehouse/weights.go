package warehouse

import (
	"context"

	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/recommend/sparse"
)

// whole is the product of two orders' strengths, in parts.
const whole = interaction.Unit * interaction.Unit

// Held are the items that enough people hold to have weights.
func (b *Build) Held(ctx context.Context) ([]item.Ordinal, error) {
	holders, err := b.held(ctx)
	if err != nil {
		return nil, err
	}
	var held []item.Ordinal
	for i, h := range holders {
		if h.Holders >= int64(b.least) {
			held = append(held, item.Ordinal(i))
		}
	}
	return held, nil
}

// Walks are weights between items by walks over those that enough people hold; see package rp3beta.
func (b *Build) Walks(ctx context.Context) (sparse.Rows, error) {
	holders, err := b.held(ctx)
	if err != nil {
		return sparse.Rows{}, err
	}
	entries, err := b.entries(ctx, "related")
	if err != nil {
		return sparse.Rows{}, err
	}
	strengths := make([]float64, len(holders))
	for i, h := range holders {
		strengths[i] = float64(h.Units) / interaction.Unit
	}
	return best(entries, len(strengths), b.settings.RP3beta.Top, b.settings.RP3beta.Weight(strengths)), nil
}

// pairRow is an entry of X'X.
type pairRow struct {
	I       int64 `parquet:"i,optional"`
	J       int64 `parquet:"j,optional"`
	Product int64 `parquet:"product,optional"`
}

func (r pairRow) within(items int64) bool { return below(r.I, items) && below(r.J, items) }

// Inverse are weights by EASE between the held items, which are numbered from 0; see package ease.
func (b *Build) Inverse(ctx context.Context, held []item.Ordinal) (sparse.Rows, error) {
	n := len(held)
	number := numbered(held, b.items())
	p := make([]float64, n*n)
	for at, i := range held {
		p[at*n+at] = float64(b.holders[i].Squares) / whole
	}
	err := read(ctx, b, "pairs", func(r pairRow) {
		if i, j := number[r.I], number[r.J]; i >= 0 && j >= 0 {
			p[min(i, j)*n+max(i, j)] = float64(r.Product) / whole
		}
	})
	if err != nil {
		return sparse.Rows{}, err
	}
	return ease.FitGram(ctx, p, n, b.settings.EASE)
}

// Blocks are weights by regressions over blocks of the held items, which are numbered from 0; see package slim.
func (b *Build) Blocks(ctx context.Context, held []item.Ordinal) (sparse.Rows, error) {
	entries, err := b.entries(ctx, "gram")
	if err != nil {
		return sparse.Rows{}, err
	}
	number := numbered(held, b.items())
	diagonal := make([]float64, len(held))
	for at, i := range held {
		diagonal[at] = float64(b.holders[i].Squares) / whole
	}
	at := 0
	return slim.FitGram(ctx, diagonal, func(from item.Ordinal, offer func(item.Ordinal, float64)) {
		for ; at < len(entries) && number[entries[at].From] <= int(from); at++ {
			if to := number[entries[at].To]; to >= 0 && number[entries[at].From] == int(from) {
				offer(item.Ordinal(to), float64(entries[at].Both)/whole)
			}
		}
	}, b.settings.SLIM)
}

// numbered is the place of each item of the catalog among the held ones, -1 for the others.
func numbered(held []item.Ordinal, items int) []int {
	number := make([]int, items)
	for i := range number {
		number[i] = -1
	}
	for at, i := range held {
		number[i] = at
	}
	return number
}
