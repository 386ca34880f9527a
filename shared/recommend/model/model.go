// Package model is the file a shop's recommendations are made from: immutable, checksummed, and opened without parsing.
//
// A file is a header, a directory of sections, and the sections: flat little-endian arrays, each at a multiple of 8 bytes. Opening it checks checksums and bounds
// and then lays typed views over the bytes; nothing is copied and nothing is built, so a process that starts cold answers after milliseconds.
//
//	0   magic "SHOPMDL\n"
//	8   uint32 format, uint32 number of sections
//	16  uint64 length of the file
//	24  int64  time of training, Unix milliseconds
//	32  SHA-256 of bytes 0-31 and the directory
//	64  directory: per section uint32 kind, uint32 CRC-32C of the section with its padding, uint64 offset, uint64 length
//	    sections, ascending by kind, without gaps but for padding to 8 bytes
//
// The digest covers the directory and the directory the sections, so a changed byte anywhere is found; its first 8 bytes are the model's version: one
// content, one version. A file that is cut short, corrupt or hostile is refused with Invalid; after Open no accessor can leave the arrays.
//
// Items are ordinals in the byte order of their ids; categories are numbers in the byte order of their paths, ancestors included. FORMAT.md lists every section.
//
// Opening costs one pass over the bytes for the checksums, on all processors, and one over the numbers that point somewhere, for their bounds: a shop of 500,000 items and 10 million clicks has
// 424 MB and takes some 150 ms of one processor.
package model

import (
	"time"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rank"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
)

// Category is a category's number in one model.
type Category uint32

// None is the category, or brand, of an item that has none.
const None Category = 1<<32 - 1

// Model is an open file. Everything it returns is a view of the file: read-only, valid as long as the Model is. Safe for concurrent use. Ordinals and
// categories that are passed in must come from this model.
type Model struct {
	version uint64
	trained time.Time
	size    int

	ids, titles, urls, images    texts
	categories, brands, currency texts
	slots                        []uint32 // hash table: ordinal+1, 0 is empty
	prices, created              []int64
	itemCategory, parents        []Category
	itemBrand, itemCurrency      []uint32
	flags                        []uint32
	popularity                   []float32
	sessions                     *knn.Index
	related, similar             sparse.Rows
	together                     *together.Pairs
	popular, trending            lists[item.Scored]
	newest                       lists[item.Ordinal]
	repeats                      *buyagain.Stats
	ranker                       *rank.Model
	content                      *content.Index
	habits                       *habit.Rhythm
	blend                        Blend
}

// lists holds one ranking for the whole shop and one for each category.
type lists[T any] struct {
	offsets []uint32
	entries []T
}

func (l lists[T]) of(c Category) []T {
	at := int(c) + 1
	if c == None {
		at = 0
	}
	return l.entries[l.offsets[at]:l.offsets[at+1]:l.offsets[at+1]]
}

// Version names the content: equal versions are equal files.
func (m *Model) Version() uint64 { return m.version }

// Trained is when the training began, in UTC.
func (m *Model) Trained() time.Time { return m.trained }

// Bytes is the size of the file.
func (m *Model) Bytes() int { return m.size }

// Len is the number of items in the catalog.
func (m *Model) Len() int { return len(m.prices) }

// Lookup finds an item by its id.
func (m *Model) Lookup(id string) (item.Ordinal, bool) {
	mask := len(m.slots) - 1
	for at, n := int(hash(id))&mask, 0; n <= mask; at, n = (at+1)&mask, n+1 {
		slot := m.slots[at]
		if slot == 0 {
			return 0, false
		}
		if m.ids.at(int(slot-1)) == id {
			return item.Ordinal(slot - 1), true
		}
	}
	return 0, false
}

// ID is the shop's own id of the item.
func (m *Model) ID(i item.Ordinal) string { return m.ids.at(int(i)) }

// Title is the item's name, empty when the shop gave none.
func (m *Model) Title(i item.Ordinal) string { return m.titles.at(int(i)) }

// URL is the item's page.
func (m *Model) URL(i item.Ordinal) string { return m.urls.at(int(i)) }

// Image is the address of the item's picture.
func (m *Model) Image(i item.Ordinal) string { return m.images.at(int(i)) }

// Price is in minor units of Currency.
func (m *Model) Price(i item.Ordinal) int64 { return m.prices[i] }

// Currency is the ISO 4217 code of the price, empty when the shop gave none.
func (m *Model) Currency(i item.Ordinal) string { return m.currency.named(m.itemCurrency[i]) }

// Brand is empty when the item has none.
func (m *Model) Brand(i item.Ordinal) string { return m.brands.named(m.itemBrand[i]) }

// BrandOf is the number of the item's brand in this model, below Brands; uint32(None) when it has none.
func (m *Model) BrandOf(i item.Ordinal) uint32 { return m.itemBrand[i] }

// Brands is the number of brands.
func (m *Model) Brands() int { return m.brands.len() }

// BrandName is the brand of a number, empty for uint32(None).
func (m *Model) BrandName(n uint32) string { return m.brands.named(n) }

// CategoryOf is the item's own category, None when it has none.
func (m *Model) CategoryOf(i item.Ordinal) Category { return m.itemCategory[i] }

// Hidden says that the shop did not want the item shown when the model was trained.
func (m *Model) Hidden(i item.Ordinal) bool { return m.flags[i]&flagHidden != 0 }

// SoldOut says that the item could not be bought when the model was trained.
func (m *Model) SoldOut(i item.Ordinal) bool { return m.flags[i]&flagSoldOut != 0 }

// Created is when the item entered the catalog, in UTC; the zero time when that is not known.
func (m *Model) Created(i item.Ordinal) time.Time {
	if m.created[i] == 0 {
		return time.Time{}
	}
	return time.Unix(m.created[i], 0).UTC()
}

// Popularity is the item's decayed weight of events; see package trend.
func (m *Model) Popularity(i item.Ordinal) float32 { return m.popularity[i] }

// Detail is everything that is known of an item.
func (m *Model) Detail(i item.Ordinal) Item {
	return Item{ID: m.ID(i), Title: m.Title(i), URL: m.URL(i), Image: m.Image(i), Price: m.Price(i), Currency: m.Currency(i), Category: m.Path(m.CategoryOf(i)),
		Brand: m.Brand(i), Hidden: m.Hidden(i), SoldOut: m.SoldOut(i), Created: m.Created(i)}
}

// Categories is the number of categories.
func (m *Model) Categories() int { return len(m.parents) }

// Path is a category's path, such as "Home > Kitchen"; empty for None.
func (m *Model) Path(c Category) string { return m.categories.named(uint32(c)) }

// Parent is the category above, None at the top.
func (m *Model) Parent(c Category) Category { return m.parents[c] }

// Below says whether a category is another one or below it; None is neither.
func (m *Model) Below(c, above Category) bool {
	for ; c != None; c = m.Parent(c) {
		if c == above {
			return true
		}
	}
	return false
}

// FindCategory finds a category by its path.
func (m *Model) FindCategory(path string) (Category, bool) {
	from, to := 0, m.Categories()
	for from < to {
		middle := (from + to) / 2
		if m.categories.at(middle) < path {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return Category(from), from < m.Categories() && m.categories.at(from) == path
}

// Sessions continues sessions; see package knn.
func (m *Model) Sessions() *knn.Index { return m.sessions }

// Weights are the item-item weights, a row for each item, for itemitem.Score; rows are sorted by item. Weights may be negative.
func (m *Model) Weights() sparse.Rows { return m.related }

// Related is the item's row of Weights: which items it speaks for, and how loud.
func (m *Model) Related(i item.Ordinal) ([]item.Ordinal, []float32) { return m.related.Row(int(i)) }

// Similar are the items that the same people hold, and as far as hardly anybody does those that are said to be alike, best first, on the scale of cosines (package alike).
func (m *Model) Similar(i item.Ordinal) ([]item.Ordinal, []float32) { return m.similar.Row(int(i)) }

// SimilarTable is who is similar to whom, a row for each item.
func (m *Model) SimilarTable() sparse.Rows { return m.similar }

// Together are the partners of the item in baskets, best first, with scores; see Pairs for support, confidence and lift.
func (m *Model) Together(i item.Ordinal) ([]item.Ordinal, []float32) {
	return m.together.Partners.Row(int(i))
}

// Pairs are all partners with what is known of them; see package together.
func (m *Model) Pairs() *together.Pairs { return m.together }

// Popular lists what is popular in a category and below it, best first; None lists the whole shop. Hidden and sold-out items are not listed.
func (m *Model) Popular(c Category) []item.Scored { return m.popular.of(c) }

// Trending lists what is moving; otherwise like Popular.
func (m *Model) Trending(c Category) []item.Scored { return m.trending.of(c) }

// Newest lists what entered the catalog last, newest first; otherwise like Popular. Items without a time of creation are not listed.
func (m *Model) Newest(c Category) []item.Ordinal { return m.newest.of(c) }

// Repeats knows what is bought again and again; see package buyagain.
func (m *Model) Repeats() *buyagain.Stats { return m.repeats }

// Ranker weighs the candidates of for-you; nil in a file that has none, such as one written before there were any.
func (m *Model) Ranker() *rank.Model { return m.ranker }

// Content knows what is said of the items; nil in a file that has none, such as one written before there was any.
func (m *Model) Content() *content.Index { return m.content }

// Habits rank what somebody bought by how likely the next order holds it; nil in a file that has none: then Repeats does.
func (m *Model) Habits() *habit.Rhythm { return m.habits }
