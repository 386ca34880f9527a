package people

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// The index of words lies in the people table, as its words are personal: partition shop#index#<first two letters>, sort key <word>#<person>. It changes in the same step as the person.
const (
	maxWords     = 16  // of one person
	maxWordBytes = 120 // of one word
	maxLooked    = 500 // persons looked at for one search
	headRunes    = 2
)

func wordKey(shop event.ShopID, word string, id event.PersonID) table.Key {
	return table.Key{Table: Table, Partition: indexPartition(shop, word), Sort: table.Partition(word, string(id))}
}

func indexPartition(shop event.ShopID, word string) string {
	head := word
	n := 0
	for i := range word {
		if n == headRunes {
			head = word[:i]
			break
		}
		n++
	}
	return table.Partition(string(shop), "index", head)
}

// words are what the person is found by: the words of the names, address, user id and telephone number, in small letters without accents.
func (p Person) words() []string {
	var list []string
	add := func(word string) {
		if word != "" && len(word) <= maxWordBytes && len(list) < maxWords && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	add(fold(p.Email))
	add(fold(p.UserID))
	add(digits(p.Phone))
	for _, name := range [...]string{p.Name, p.FirstName, p.LastName} {
		for _, w := range split(name) {
			add(w)
		}
	}
	return list
}

// split are the words of a text as the index has them.
func split(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;"()`, r) })
}

// fold is text in small letters without accents.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(strings.TrimSpace(strings.ToValidUTF8(text, ""))))
}

func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
}

// index are the ops that bring the index from the words before to those of the person now.
func (p Person) index(before []string) []table.Op {
	now := p.words()
	var ops []table.Op
	for _, w := range now {
		if !slices.Contains(before, w) {
			ops = append(ops, table.Put(table.Item{Key: wordKey(p.Shop, w, p.ID), Body: []byte(`{}`)}, table.Always()))
		}
	}
	for _, w := range before {
		if !slices.Contains(now, w) {
			ops = append(ops, table.Delete(wordKey(p.Shop, w, p.ID), table.Always()))
		}
	}
	return ops
}

// Search finds persons of whom every word of the text begins a word: of the name, the address, the user id or the telephone number; or one person by the id. Words of one letter find only
// that letter. They come in the order of the word found, then of the id; at most limit.
func (s *Store) Search(ctx context.Context, shop event.ShopID, text string, limit int) ([]Person, error) {
	wanted := split(text)
	if strings.HasPrefix(text, "p_") && len(wanted) == 1 {
		p, err := s.Read(ctx, shop, event.PersonID(strings.TrimSpace(text)))
		if err == nil || !fault.Is(err, fault.NotFound) {
			return []Person{p}, err
		}
	}
	if number := digits(text); len(number) >= 3 && strings.Trim(text, "+0123456789 ()-./") == "" {
		wanted = []string{number}
	}
	if len(wanted) == 0 || limit < 1 {
		return nil, nil
	}
	key := slices.MaxFunc(wanted, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(b, a)) })
	var all []Person
	seen := map[event.PersonID]bool{}
	q := table.Query{Table: Table, Partition: indexPartition(shop, key), Prefix: table.Partition(key), Limit: 100}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("search people: %w", err)
		}
		var ids []event.PersonID
		for _, it := range page.Items {
			parts := table.Split(it.Key.Sort)
			if id := event.PersonID(parts[len(parts)-1]); !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		found, err := s.ReadAll(ctx, shop, ids...)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(found, func(a, b Person) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
		for _, p := range found {
			if p.matches(wanted) {
				if all = append(all, p); len(all) == limit {
					return all, nil
				}
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" || len(seen) >= maxLooked {
			return all, nil
		}
	}
}

func (p Person) matches(wanted []string) bool {
	words := p.words()
	for _, w := range wanted {
		if !slices.ContainsFunc(words, func(have string) bool { return strings.HasPrefix(have, w) }) {
			return false
		}
	}
	return true
}
