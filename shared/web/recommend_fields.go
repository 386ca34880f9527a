package web

import (
	"strconv"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
)

// fields says which members of its items a caller wants. The zero value is only the id, which is always there.
type fields uint16

const (
	fieldTitle fields = 1 << iota
	fieldURL
	fieldImage
	fieldPrice
	fieldPosition
	fieldScore
	fieldPropensity
	fieldSource
	fieldReason

	allFields = 1<<iota - 1
)

// fieldNames are the members in their order, the id first.
var fieldNames = [...]string{"id", "title", "url", "image", "price", "position", "score", "propensity", "source", "reason"}

// parseFields reads "id,score". Empty means all; a name that is none of an item's members is Invalid.
func parseFields(text string) (fields, error) {
	if text == "" {
		return allFields, nil
	}
	var f fields
next:
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		for i, known := range fieldNames {
			if name == known {
				f |= 1 << i >> 1
				continue next
			}
		}
		return 0, fault.InvalidField("fields", strconv.Quote(name)+" is none of "+strings.Join(fieldNames[:], ", "))
	}
	return f, nil
}

// appendSomeOf writes picks with the wanted members alone.
func (l *listing) appendSomeOf(dst []byte, picks []recommend.Pick) []byte {
	for i := range picks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = l.appendSome(dst, &picks[i], i+1)
	}
	return dst
}

// appendSome writes one of them.
func (l *listing) appendSome(dst []byte, p *recommend.Pick, position int) []byte {
	dst = appendString(append(dst, `{"id":`...), l.model.ID(p.Item))
	if l.fields&fieldTitle != 0 {
		dst = appendString(append(dst, `,"title":`...), l.model.Title(p.Item))
	}
	if l.fields&fieldURL != 0 {
		dst = appendText(dst, `,"url":`, l.model.URL(p.Item))
	}
	if l.fields&fieldImage != 0 {
		dst = appendText(dst, `,"image":`, l.model.Image(p.Item))
	}
	if l.fields&fieldPrice != 0 {
		dst = strconv.AppendInt(append(dst, `,"price":{"amount":`...), l.model.Price(p.Item), 10)
		dst = appendString(append(dst, `,"currency":`...), l.model.Currency(p.Item))
		dst = append(dst, '}')
	}
	return append(l.appendRank(dst, p, position), '}')
}

// appendText writes a member that is left out when there is no text.
func appendText(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(append(dst, name...), text)
}

// appendRank writes what the ranking says of a pick.
func (l *listing) appendRank(dst []byte, p *recommend.Pick, position int) []byte {
	if l.fields&fieldPosition != 0 {
		dst = strconv.AppendInt(append(dst, `,"position":`...), int64(position), 10)
	}
	if l.fields&fieldScore != 0 {
		dst = appendShare(append(dst, `,"score":`...), p.Score)
	}
	if l.fields&fieldPropensity != 0 {
		dst = appendShare(append(dst, `,"propensity":`...), p.Propensity)
	}
	return l.appendWhy(dst, p)
}

// why is a source and a reason, and where they stand in what was written of the shelf.
type why struct {
	source   recommend.Source
	reason   recommend.Reason
	from, to int
}

// mostWhys bounds how many are looked through for the next.
const mostWhys = 8

// appendWhy writes source and reason. Most picks have those of one before: they are copied.
func (l *listing) appendWhy(dst []byte, p *recommend.Pick) []byte {
	if l.fields&(fieldSource|fieldReason) == 0 {
		return dst
	}
	for n := range l.whys {
		if w := &l.whys[n]; w.reason == p.Reason && w.source == p.Source {
			return append(dst, dst[w.from:w.to]...)
		}
	}
	from := len(dst)
	if l.fields&fieldSource != 0 {
		dst = append(append(append(dst, `,"source":"`...), p.Source...), '"')
	}
	text := l.words.Text(p.Reason.Key)
	if l.fields&fieldReason != 0 {
		dst = append(append(append(dst, `,"reason":{"code":"`...), p.Reason.Key...), `","items":[`...)
		if p.Reason.Named {
			dst = appendString(dst, l.model.ID(p.Reason.About))
		}
		dst = append(l.appendReason(append(dst, `],"text":`...), text, p), '}')
	}
	if (!text.Has || p.Reason.Named) && len(l.whys) < mostWhys { // else it tells of the item itself
		l.whys = append(l.whys, why{p.Source, p.Reason, from, len(dst)})
	}
	return dst
}
