package web

import (
	"strconv"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/recommend"
)

// listing writes recommendations by appending: the hot path of the product encodes nothing by reflection. An item's own members are a fragment that the model made
// once.
type listing struct {
	model  *recommend.Model
	words  *locale.Words
	signer *recommend.Signer
	shop   event.ShopID

	impressions *impression.Signer
	fields      fields

	token recommend.Token // Placement and Policy are set per shelf

	trial *recommend.Running // that the visitor takes part in, if the arm is one
	arm   recommend.Arm

	fragments [][]byte // of a shelf's items
	whys      []why    // of its picks so far
}

func (l *listing) appendShelf(dst []byte, s recommend.Shelf) []byte {
	dst = append(dst, `{"placement":"`...)
	dst = append(dst, s.Placement.String()...)
	dst = append(dst, `","title":`...)
	dst = appendString(dst, l.words.Text(s.Placement.Title()).With(""))
	dst = append(dst, `,"recommendationId":"`...)
	token := l.token
	token.Placement, token.Policy = s.Placement, s.Policy
	if s.Policy == recommend.Drafted {
		token.Teams = l.model.AppendTeams(nil, s.Picks)
	}
	dst = l.signer.Append(dst, l.shop, token)
	dst = append(dst, `","items":[`...)
	l.whys = l.whys[:0]
	if l.fields != allFields {
		return append(l.appendSomeOf(dst, s.Picks), ']', '}')
	}
	l.fragments = l.fragments[:0]
	for i := range s.Picks { // one after the other with nothing between, so that they come from memory all at once
		l.fragments = append(l.fragments, l.model.Fragment(s.Picks[i].Item))
	}
	for i, fragment := range l.fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, '{'), fragment...)
		dst = append(l.appendRank(dst, &s.Picks[i], i+1), '}')
	}
	return append(dst, ']', '}')
}

func (l *listing) appendReason(dst []byte, text locale.Text, p *recommend.Pick) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, text.Before)
	if text.Has {
		dst = appendEscaped(appendEscaped(dst, l.model.About(*p)), text.After)
	}
	return append(dst, '"')
}

// appendShare writes a number in [0, 1] with up to four digits.
func appendShare(dst []byte, x float32) []byte {
	if x == 1 {
		return append(dst, '1')
	}
	n := int64(x*10000 + 0.5)
	if n >= 10000 {
		return append(dst, '1')
	}
	dst = append(dst, '0', '.', byte('0'+n/1000%10), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
	for dst[len(dst)-1] == '0' && dst[len(dst)-2] != '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendConsent(dst []byte, personalization, marketing bool, source consent.Source) []byte {
	dst = append(dst, `{"personalization":`...)
	dst = strconv.AppendBool(dst, personalization)
	dst = append(dst, `,"marketing":`...)
	dst = strconv.AppendBool(dst, marketing)
	dst = append(dst, `,"source":"`...)
	dst = append(dst, source...)
	return append(dst, `"}`...)
}

// appendString writes a JSON string that is safe inside HTML too.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, s)
	return append(dst, '"')
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := range len(s) {
		c := s[i]
		if !escaped[c] {
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// escaped are the bytes that appendEscaped does not write as they are.
var escaped = func() (is [256]bool) {
	for c := range ' ' {
		is[c] = true
	}
	for _, c := range `"\<>&` {
		is[c] = true
	}
	return is
}()
