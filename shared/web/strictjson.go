package web

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// strictJSON is JSON as JSON Schema sees it: 3.0 and 3e0 are integers like 3, where encoding/json takes the last alone for a Go integer; and a member that is null is there.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if err := huma.DefaultJSONFormat.Unmarshal(plainIntegers(data), v); err != nil {
			return err
		}
		if tree, ok := v.(*any); ok { // what is validated
			markNulls(*tree)
		}
		return nil
	},
}

// null stands for a member that is there and null. huma takes such a member for absent, though none of our schemas allows it.
type null struct{}

// markNulls puts null for every nil inside v.
func markNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				v[name] = null{}
			}
			markNulls(member)
		}
	case []any:
		for i, element := range v {
			if element == nil {
				v[i] = null{}
			}
			markNulls(element)
		}
	}
}

// maxWhole bounds what is rewritten: beyond it a float64 does not tell neighbours apart.
const maxWhole = 1 << 53

// plainIntegers rewrites whole numbers that are spelled with a fraction or an exponent. Everything else stays as it is, also what is no JSON.
func plainIntegers(data []byte) []byte {
	if !bytes.ContainsAny(data, ".eE") {
		return data
	}
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '"':
			end := endOfString(data, i)
			out = append(out, data[i:end]...)
			i = end
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(data) && bytes.IndexByte([]byte("+-.eE0123456789"), data[end]) >= 0 {
				end++
			}
			out = append(out, plainInteger(data[i:end])...)
			i = end
		default:
			out = append(out, c)
			i++
		}
	}
	return out
}

func endOfString(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func plainInteger(number []byte) []byte {
	if !bytes.ContainsAny(number, ".eE") || !json.Valid(number) {
		return number
	}
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > maxWhole {
		return number
	}
	return strconv.AppendInt(nil, int64(f), 10)
}
