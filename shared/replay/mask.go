package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Volatile are the members of JSON objects whose values are drawn or measured: request ids, signed recommendation ids, the time that work took, the token of a session that was just begun.
var Volatile = []string{"requestId", "X-Request-Id", "recommendationId", "seconds", "csrf"}

const (
	masked   = "*"
	zeroTime = "0001-01-01T00:00:00Z" // what encoding/json writes for no time
)

// masks are what is drawn within a text, and what is put there.
var masks = []struct {
	drawn *regexp.Regexp
	by    string
}{
	{regexp.MustCompile(`\b([vp]_)[A-Za-z0-9_-]{22}`), "${1}*"},             // ids of visitors and persons
	{regexp.MustCompile(`\b([0-9]{13})-[0-9a-f]{16}\b`), "${1}-*"},          // keys of decisions on consent: a time and a draw
	{regexp.MustCompile(`^((?:__Host-)?sk(?:-staff)?=)[^;]+`), "${1}*"},     // the visitor's cookie, and a session of staff
	{regexp.MustCompile(`(/assets/[a-z./]+\?)[0-9a-f]{18}\b`), "${1}*"},     // the fingerprint of the console's styles and scripts
	{regexp.MustCompile(`^[0-9]{17,20}$|\b[0-9a-f]{16}(\.model)`), "*${1}"}, // versions of models: a hash of weights, whose last bits are the processor's
	{regexp.MustCompile(`^(model-[a-z]+-)[0-9a-f]{16}$`), "${1}*"},          // ids of news of them
	{regexp.MustCompile(`/[^ ]*/TestReplay[^ /]*/[0-9]{3}/`), "*/"},         // the folder that stands in for the bucket
}

// Mask replaces what no two runs have in common, leaves out members without a value, and indents the rest.
func Mask(text []byte) ([]byte, error) {
	v, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(mask(v)); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	return out.Bytes(), nil
}

// decode keeps numbers as they are written.
func decode(text []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

func mask(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if slices.Contains(Volatile, name) {
				member = masked
			}
			if member = mask(member); member != nil && member != zeroTime {
				out[maskText(name)] = member
			}
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = mask(e)
		}
		return v
	case string:
		if strings.HasPrefix(v, "{") {
			if inner, err := decode([]byte(v)); err == nil {
				return mask(inner)
			}
		}
		return maskText(v)
	}
	return v
}

func maskText(s string) string {
	for _, m := range masks {
		s = m.drawn.ReplaceAllString(s, m.by)
	}
	return s
}
