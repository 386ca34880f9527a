package liquid

import (
	"slices"
	"strings"
)

// parser turns pieces into nodes. Scopes are those of Liquid: a name that is assigned anywhere is known from there on, a loop's own name within the loop.
type parser struct {
	source  string
	pieces  []piece
	next    int
	lex     lexer
	depth   int
	loops   int
	filters int
	scope   map[string]*Type
	used    map[string]bool
	outputs map[int]*output // by the offset of their brackets
}

// block is an open tag, for what belongs to it.
type block struct {
	name string
	at   int
	ends []string // tags that end the body that is being read
}

// template reads everything.
func (p *parser) template() ([]node, error) {
	p.outputs = map[int]*output{}
	nodes, _, err := p.body(block{})
	return nodes, err
}

// body reads nodes up to one of the tags that end it, and says which that was; the expression of that tag is next to be read.
func (p *parser) body(b block) ([]node, string, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, "", p.fail(b.at, "blocks are nested more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	var nodes []node
	for p.next < len(p.pieces) {
		piece := p.pieces[p.next]
		p.next++
		switch piece.kind {
		case textPiece:
			nodes = append(nodes, text(piece.text))
		case outputPiece:
			n, err := p.output(piece)
			if err != nil {
				return nil, "", err
			}
			nodes = append(nodes, n)
		case tagPiece:
			p.lex = lexer{at: piece.from, end: piece.to}
			name, at := p.word()
			if slices.Contains(b.ends, name) {
				return nodes, name, nil
			}
			n, err := p.tag(name, at, b)
			if err != nil {
				return nil, "", err
			}
			nodes = append(nodes, n)
		}
	}
	if b.name != "" {
		return nil, "", p.fail(b.at, "{%% %s %%} has no {%% end%s %%}", b.name, b.name)
	}
	return nodes, "", nil
}

func (p *parser) output(piece piece) (node, error) {
	p.lex = lexer{at: piece.from, end: piece.to}
	e, err := p.pipe()
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	if k := e.typ().Kind; k == Object || k == List && e.typ().Elem != nil && e.typ().Elem.Kind == Object {
		return nil, p.fail(piece.from, "this is a %s: say which part of it, or loop over it", k)
	}
	o := &output{at: piece.open, value: e}
	p.outputs[piece.open] = o
	return o, nil
}

var tagNames = []string{"assign", "break", "capture", "case", "comment", "continue", "cycle", "for", "if", "raw", "unless"}

func (p *parser) tag(name string, at int, b block) (node, error) {
	switch name {
	case "if", "unless":
		return p.choice(name, at)
	case "case":
		return p.cases(at)
	case "for":
		return p.loop(at)
	case "assign":
		return p.assign(at)
	case "capture":
		return p.capture(at)
	case "cycle":
		return p.cycle(at)
	case "break", "continue":
		if p.loops == 0 {
			return nil, p.fail(at, "%s stands outside a loop", name)
		}
		return leave(name == "break"), p.finish()
	case "":
		return nil, p.fail(at, "the name of a tag is missing")
	case "else", "elsif", "when":
		return nil, p.fail(at, "%s does not belong here", name)
	}
	if open, ok := strings.CutPrefix(name, "end"); ok && slices.Contains(tagNames, open) {
		if b.name != "" {
			return nil, p.fail(at, "{%% %s %%} closes nothing: {%% %s %%} is open", name, b.name)
		}
		return nil, p.fail(at, "{%% %s %%} closes nothing", name)
	}
	return nil, p.fail(at, "there is no tag %q%s; there are %s", name, likely(name, tagNames), strings.Join(tagNames, ", "))
}

// test reads the condition of a tag.
func (p *parser) test() (expr, error) {
	e, err := p.condition()
	if err == nil && p.peek() == '|' {
		err = p.fail(p.lex.at, "a condition takes no filter: assign the value to a name first")
	}
	if err == nil {
		err = p.finish()
	}
	return e, err
}

func (p *parser) choice(name string, at int) (node, error) {
	test, err := p.test()
	if err != nil {
		return nil, err
	}
	n := &choice{at: at, branches: []branch{{test: test, not: name == "unless"}}}
	ends := []string{"elsif", "else", "end" + name}
	for {
		body, end, err := p.body(block{name, at, ends})
		if err != nil {
			return nil, err
		}
		n.branches[len(n.branches)-1].body = body
		switch end {
		case "elsif":
			if test, err = p.test(); err != nil {
				return nil, err
			}
			n.branches = append(n.branches, branch{test: test})
		case "else":
			if err := p.finish(); err != nil {
				return nil, err
			}
			ends = ends[2:]
			n.branches = append(n.branches, branch{})
		default:
			return n, p.finish()
		}
	}
}

func (p *parser) cases(at int) (node, error) {
	subject, err := p.value()
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	n := &choice{at: at}
	ends := []string{"when", "else", "endcase"}
	body, end, err := p.body(block{"case", at, ends})
	if err != nil {
		return nil, err
	}
	for _, lost := range body {
		if t, ok := lost.(text); !ok || strings.TrimSpace(string(t)) != "" {
			return nil, p.fail(at, "nothing may stand between case and the first when")
		}
	}
	for {
		switch end {
		case "when":
			test, err := p.when(subject)
			if err != nil {
				return nil, err
			}
			n.branches = append(n.branches, branch{test: test})
		case "else":
			if err := p.finish(); err != nil {
				return nil, err
			}
			ends = ends[2:]
			n.branches = append(n.branches, branch{})
		default:
			return n, p.finish()
		}
		if body, end, err = p.body(block{"case", at, ends}); err != nil {
			return nil, err
		}
		n.branches[len(n.branches)-1].body = body
	}
}

// when reads the values that a case is compared with, separated by commas or or.
func (p *parser) when(subject expr) (expr, error) {
	var test expr
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		var same expr = compared{"==", subject, v}
		if test != nil {
			same = joined{false, test, same}
		}
		test = same
		if !p.take(",") && !p.takeWord("or") {
			return test, p.finish()
		}
	}
}

func (p *parser) loop(at int) (node, error) {
	n := &loop{at: at}
	var from int
	if n.name, from = p.word(); n.name == "" {
		return nil, p.fail(p.lex.at, "a loop is written {%% for x in list %%}")
	}
	if !p.takeWord("in") {
		return nil, p.fail(from, "a loop is written {%% for %s in list %%}", n.name)
	}
	var err error
	if n.list, err = p.pipe(); err != nil {
		return nil, err
	}
	if k := n.list.typ().Kind; k != List && k != Any {
		return nil, p.fail(at, "a loop goes over a list; this is a %s", k)
	}
	if err := p.modifiers(n); err != nil {
		return nil, err
	}
	elem := anyType
	if e := n.list.typ().Elem; e != nil {
		elem = e
	}
	restore := p.bind(n.name, elem)
	restoreLoop := p.bind("forloop", loopType)
	p.loops++
	body, end, err := p.body(block{"for", at, []string{"else", "endfor"}})
	p.loops--
	restoreLoop()
	restore()
	if err != nil {
		return nil, err
	}
	n.body = body
	if end == "else" {
		if err := p.finish(); err != nil {
			return nil, err
		}
		if n.none, _, err = p.body(block{"for", at, []string{"endfor"}}); err != nil {
			return nil, err
		}
	}
	return n, p.finish()
}

// bind gives a name a type and returns what undoes it.
func (p *parser) bind(name string, t *Type) func() {
	before, had := p.scope[name]
	p.scope[name] = t
	return func() {
		if delete(p.scope, name); had {
			p.scope[name] = before
		}
	}
}

func (p *parser) modifiers(n *loop) error {
	for p.peek() != 0 {
		word, at := p.word()
		switch {
		case word == "reversed":
			n.reversed = true
		case (word == "limit" || word == "offset") && p.take(":"):
			v, err := p.value()
			if err != nil {
				return err
			}
			if word == "limit" {
				n.limit = v
			} else {
				n.offset = v
			}
		default:
			p.lex.at = at
			if word == "" {
				return p.finish()
			}
			return p.fail(at, "%q is not expected here: a loop may have limit: 3, offset: 1 and reversed", word)
		}
	}
	return nil
}

// newName reads the name that assign and capture give a value. Names of the data cannot be taken.
func (p *parser) newName(tag string) (string, error) {
	name, at := p.word()
	if name == "" {
		return "", p.fail(p.lex.at, "%s needs a name", tag)
	}
	if _, taken := constants[name]; taken || name == "forloop" {
		return "", p.fail(at, "%q cannot be a name", name)
	}
	return name, nil
}

func (p *parser) assign(at int) (node, error) {
	name, err := p.newName("assign")
	if err != nil {
		return nil, err
	}
	if !p.take("=") {
		return nil, p.fail(p.lex.at, "assign is written {%% assign name = value %%}")
	}
	e, err := p.pipe()
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	p.learn(name, e.typ())
	return &assign{at, name, e}, nil
}

// learn gives a name its type for the rest of the template; a name of two shapes may be anything.
func (p *parser) learn(name string, t *Type) {
	if known, ok := p.scope[name]; ok && known != t && (known.Kind != t.Kind || t.Kind == Object || t.Kind == List) {
		t = anyType
	}
	p.scope[name] = t
}

func (p *parser) capture(at int) (node, error) {
	name, err := p.newName("capture")
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	body, _, err := p.body(block{"capture", at, []string{"endcapture"}})
	if err != nil {
		return nil, err
	}
	p.learn(name, textType)
	return &capture{at, name, body}, p.finish()
}

func (p *parser) cycle(at int) (node, error) {
	if p.loops == 0 {
		return nil, p.fail(at, "cycle stands outside a loop")
	}
	n := &cycle{at: at}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if n.values = append(n.values, v); !p.take(",") {
			return n, p.finish()
		}
	}
}
