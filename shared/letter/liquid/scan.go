package liquid

import "strings"

// pieceKind tells text from what stands in brackets.
type pieceKind uint8

const (
	textPiece pieceKind = iota
	outputPiece
	tagPiece
)

// piece is a part of the source. From and to are the offsets of what is inside the brackets; open is where they begin.
type piece struct {
	kind     pieceKind
	open     int
	from, to int
	text     string // of a textPiece, after trimming
}

// scan cuts a source into text, outputs and tags, and does what {{- and -}} ask for. Text between raw and endraw stays as it is; comments are left out.
func scan(source string) ([]piece, error) {
	var pieces []piece
	trim := false // the piece before asked to take the space away
	text := func(from, to int, trimRight bool) {
		s := source[from:to]
		if trim {
			s = strings.TrimLeft(s, " \t\r\n")
		}
		if trimRight {
			s = strings.TrimRight(s, " \t\r\n")
		}
		if s != "" {
			pieces = append(pieces, piece{kind: textPiece, open: from, from: from, to: to, text: s})
		}
	}
	for at := 0; at < len(source); {
		open := nextOpen(source, at)
		if open < 0 {
			text(at, len(source), false)
			break
		}
		p, next, trimLeft, trimRight, err := bracket(source, open)
		if err != nil {
			return nil, err
		}
		text(at, open, trimLeft)
		at, trim = next, trimRight
		name := ""
		if p.kind == tagPiece {
			name = strings.TrimSpace(source[p.from:p.to])
		}
		if name != "raw" && name != "comment" {
			pieces = append(pieces, p)
			continue
		}
		end, err := closing(source, at, open, "end"+name)
		if err != nil {
			return nil, err
		}
		if name == "raw" {
			text(at, end.open, end.trimLeft)
		}
		at, trim = end.next, end.trimRight
	}
	return pieces, nil
}

// nextOpen is where the next {{ or {% stands, -1 for nowhere.
func nextOpen(source string, at int) int {
	for at < len(source) {
		i := strings.IndexByte(source[at:], '{')
		if i < 0 || at+i+1 >= len(source) {
			return -1
		}
		if c := source[at+i+1]; c == '{' || c == '%' {
			return at + i
		}
		at += i + 1
	}
	return -1
}

// bracket reads the output or tag that opens there.
func bracket(source string, open int) (p piece, next int, trimLeft, trimRight bool, err error) {
	kind, end, what := outputPiece, "}}", "{{"
	if source[open+1] == '%' {
		kind, end, what = tagPiece, "%}", "{%"
	}
	from := open + 2
	n := strings.Index(source[from:], end)
	if n < 0 {
		return p, 0, false, false, place(source, open, "%s is never closed by %s", what, end)
	}
	to := from + n
	next = to + 2
	if from < to && source[from] == '-' {
		trimLeft = true
		from++
	}
	if from < to && source[to-1] == '-' {
		trimRight = true
		to--
	}
	return piece{kind: kind, open: open, from: from, to: to}, next, trimLeft, trimRight, nil
}

// ended is where a raw or comment block ends.
type ended struct {
	open, next          int
	trimLeft, trimRight bool
}

// closing finds the tag of that name.
func closing(source string, at, open int, name string) (ended, error) {
	for {
		i := strings.Index(source[at:], "{%")
		if i < 0 {
			return ended{}, place(source, open, "there is no {%% %s %%} for this", name)
		}
		p, next, left, right, err := bracket(source, at+i)
		if err != nil {
			return ended{}, place(source, open, "there is no {%% %s %%} for this", name)
		}
		if strings.TrimSpace(source[p.from:p.to]) == name {
			return ended{p.open, next, left, right}, nil
		}
		at += i + 2
	}
}
