package liquid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func fits(s string) (string, error) {
	if len(s) > MaxText {
		return "", errLong
	}
	return s, nil
}

func capitalize(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// replace is refused before it grows too large.
func replace(s, old, by string, n int) (string, error) {
	if old == "" {
		return s, nil
	}
	found := strings.Count(s, old)
	if n >= 0 {
		found = min(found, n)
	}
	if len(s)+found*len(by) > MaxText {
		return "", errLong
	}
	return strings.Replace(s, old, by, n), nil
}

// stripTags takes out what stands between < and >.
func stripTags(s string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(s, "<")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		if _, s, open = strings.Cut(rest, ">"); !open {
			return b.String()
		}
	}
}

// argument is a number after the colon, or the usual one.
func argument(args []any, i int, usual int64) int64 {
	if i >= len(args) {
		return usual
	}
	if n, ok := number(args[i]); ok {
		return n.whole()
	}
	return usual
}

func ellipsis(r *run, args []any) (string, error) {
	if len(args) < 2 {
		return "...", nil
	}
	return r.short(args[1])
}

func truncate(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	end, err := ellipsis(r, args)
	if err != nil {
		return nil, err
	}
	letters, limit := []rune(s), argument(args, 0, 50)
	if int64(len(letters)) <= limit {
		return s, nil
	}
	keep := max(0, limit-int64(utf8.RuneCountInString(end)))
	return fits(string(letters[:keep]) + end)
}

func truncateWords(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	end, err := ellipsis(r, args)
	if err != nil {
		return nil, err
	}
	words, limit := strings.Fields(s), max(1, argument(args, 0, 15))
	if int64(len(words)) <= limit {
		return s, nil
	}
	return fits(strings.Join(words[:limit], " ") + end)
}

func slice(r *run, in any, args []any) (any, error) {
	if items, ok := in.([]any); ok {
		from, to := cutAt(int64(len(items)), args)
		return items[from:to], nil
	}
	s, err := r.short(in)
	letters := []rune(s)
	from, to := cutAt(int64(len(letters)), args)
	return string(letters[from:to]), err
}

func cutAt(length int64, args []any) (from, to int64) {
	from = argument(args, 0, 0)
	if from < 0 {
		from += length
	}
	if from < 0 || from > length {
		return length, length
	}
	return from, from + min(max(argument(args, 1, 1), 0), length-from)
}
