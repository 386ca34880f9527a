package liquid

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Localizer writes what languages write differently.
type Localizer interface {
	Money(amount int64, currency string) string
	Date(t time.Time, layout string) string // layout is "short", "medium", "long" or what strftime takes; "" is "medium"
}

// node is a part of a template that can be rendered.
type node interface {
	render(r *run) error
}

// run is one rendering.
type run struct {
	ctx    context.Context
	vars   map[string]any
	locals map[string]any
	local  Localizer
	html   bool
	out    []byte
	steps  int
	at     int // the node that is being rendered, for errors
}

var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// Render fills the template in. It takes no longer than ctx allows. An error is an *Error, or that of ctx.
func (t *Template) Render(ctx context.Context, vars map[string]any, local Localizer) (string, error) {
	r := &run{ctx: ctx, vars: vars, local: local, html: t.html, out: make([]byte, 0, len(t.source)+len(t.source)/2)}
	if err := r.all(t.nodes); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("render: %w", ctx.Err())
		}
		return "", place(t.source, r.at, "%s", err)
	}
	return string(r.out), nil
}

// step counts a step of the work and says when it is too much.
func (r *run) step() error { return r.spend(1) }

// lettersAStep is how much text a filter or an output goes through in one step.
const lettersAStep = 20

// spend counts work as steps: a member of a list that a filter goes through is one, and so are lettersAStep letters.
func (r *run) spend(steps int) error {
	before := r.steps
	if r.steps += steps; r.steps > MaxSteps {
		return fmt.Errorf("the template takes more than %d steps: a loop is too long", MaxSteps)
	}
	if r.steps>>10 != before>>10 {
		return r.ctx.Err()
	}
	return nil
}

func (r *run) all(nodes []node) error {
	for _, n := range nodes {
		if err := r.step(); err != nil {
			return err
		}
		if err := n.render(r); err != nil {
			return err
		}
	}
	return nil
}

// write adds text as it is.
func (r *run) write(s string) error {
	if len(r.out)+len(s) > MaxOutput {
		return fmt.Errorf("the result has more than %d KB", MaxOutput>>10)
	}
	r.out = append(r.out, s...)
	return nil
}

type text string

func (t text) render(r *run) error { return r.write(string(t)) }

// output is {{ value }}.
type output struct {
	at      int
	value   expr
	address bool // it begins the value of an attribute that holds an address
}

func (o *output) render(r *run) error {
	r.at = o.at
	v, err := o.value.eval(r)
	if err != nil {
		return err
	}
	s, markup := r.text(v)
	if len(s) > MaxText && !markup {
		return errLong
	}
	if err := r.spend(len(s) / lettersAStep); err != nil {
		return err
	}
	if !r.html {
		return r.write(s)
	}
	if o.address {
		s, markup = SafeAddress(s), false
	}
	if markup {
		return r.write(s)
	}
	return r.escape(s)
}

// escape writes text so that it is text in HTML and in quoted attributes.
func (r *run) escape(s string) error {
	from := 0
	for i := range len(s) {
		var by string
		switch s[i] {
		case '<':
			by = "&lt;"
		case '>':
			by = "&gt;"
		case '&':
			by = "&amp;"
		case '"':
			by = "&#34;"
		case '\'':
			by = "&#39;"
		case 0:
			by = "\uFFFD"
		default:
			continue
		}
		r.out = append(r.out, s[from:i]...)
		r.out = append(r.out, by...)
		from = i + 1
	}
	return r.write(s[from:])
}

// choice is if, unless and case: the first branch whose test holds.
type choice struct {
	at       int
	branches []branch
}

type branch struct {
	test expr // nil: else
	not  bool
	body []node
}

func (c *choice) render(r *run) error {
	for _, b := range c.branches {
		if b.test != nil {
			r.at = c.at
			v, err := b.test.eval(r)
			if err != nil {
				return err
			}
			if truth(v) == b.not {
				continue
			}
		}
		return r.all(b.body)
	}
	return nil
}

type loop struct {
	at            int
	name          string
	list          expr
	limit, offset expr
	reversed      bool
	body, none    []node
}

func (l *loop) render(r *run) error {
	items, err := l.items(r)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return r.all(l.none)
	}
	before, had := r.locals[l.name]
	outer, inLoop := r.locals["forloop"]
	defer func() {
		restore(r.locals, l.name, before, had)
		restore(r.locals, "forloop", outer, inLoop)
	}()
	state := map[string]any{"length": int64(len(items))}
	for i, item := range items {
		if err := r.step(); err != nil {
			return err
		}
		n, of := int64(i), int64(len(items))
		state["first"], state["last"], state["index"], state["index0"] = n == 0, n == of-1, n+1, n
		state["rindex"], state["rindex0"] = of-n, of-n-1
		r.set(l.name, item)
		r.set("forloop", state)
		err := r.all(l.body)
		if errors.Is(err, errBreak) {
			return nil
		}
		if err != nil && !errors.Is(err, errContinue) {
			return err
		}
	}
	return nil
}

// items are what the loop goes over.
func (l *loop) items(r *run) ([]any, error) {
	r.at = l.at
	v, err := l.list.eval(r)
	if err != nil {
		return nil, err
	}
	items, _ := v.([]any)
	offset, err := r.whole(l.offset, 0)
	if err != nil {
		return nil, err
	}
	limit, err := r.whole(l.limit, int64(len(items)))
	if err != nil {
		return nil, err
	}
	items = items[min(max(offset, 0), int64(len(items))):]
	items = items[:min(max(limit, 0), int64(len(items)))]
	if l.reversed {
		items = reversed(items)
	}
	return items, r.spend(len(items) / 10)
}

// whole is an expression's value as a whole number.
func (r *run) whole(e expr, otherwise int64) (int64, error) {
	if e == nil {
		return otherwise, nil
	}
	v, err := e.eval(r)
	if err != nil {
		return 0, err
	}
	n, ok := number(v)
	if !ok {
		return 0, errors.New("limit and offset are numbers")
	}
	return n.whole(), nil
}

func restore(m map[string]any, name string, value any, had bool) {
	if delete(m, name); had {
		m[name] = value
	}
}

func (r *run) set(name string, v any) {
	if r.locals == nil {
		r.locals = map[string]any{}
	}
	r.locals[name] = v
}

type leave bool

func (l leave) render(*run) error {
	if l {
		return errBreak
	}
	return errContinue
}

type assign struct {
	at    int
	name  string
	value expr
}

func (a *assign) render(r *run) error {
	r.at = a.at
	v, err := a.value.eval(r)
	if err != nil {
		return err
	}
	r.set(a.name, v)
	return nil
}

type capture struct {
	at   int
	name string
	body []node
}

func (c *capture) render(r *run) error {
	from := len(r.out)
	err := r.all(c.body)
	s := string(r.out[from:])
	r.out = r.out[:from]
	if err != nil {
		return err
	}
	if r.at = c.at; len(s) > MaxText {
		return errLong
	}
	if r.html {
		r.set(c.name, Markup(s))
	} else {
		r.set(c.name, s)
	}
	return nil
}

type cycle struct {
	at     int
	values []expr
}

func (c *cycle) render(r *run) error {
	r.at = c.at
	state, _ := r.locals["forloop"].(map[string]any)
	n, _ := state["index0"].(int64)
	o := output{at: c.at, value: c.values[int(n)%len(c.values)]}
	return o.render(r)
}
