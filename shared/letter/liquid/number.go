package liquid

import (
	"math"
	"strconv"
	"strings"

	"shopkeeper/shared/event"
)

func exponent(currency string) int { return event.Exponent(currency) }

// numeric is a whole number, or a fraction when broken.
type numeric struct {
	n      int64
	f      float64
	broken bool
}

// number reads a value as a number; a text that is one counts.
func number(v any) (numeric, bool) {
	switch v := v.(type) {
	case int64:
		return numeric{n: v}, true
	case float64:
		return numeric{f: v, broken: true}, true
	case Money:
		return numeric{f: v.major(), broken: true}, true
	case string:
		v = strings.TrimSpace(v)
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return numeric{n: n}, true
		}
		if f, err := strconv.ParseFloat(v, 64); err == nil && len(v) < 40 && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return numeric{f: f, broken: true}, true
		}
	}
	return numeric{}, false
}

func (n numeric) float() float64 {
	if n.broken {
		return n.f
	}
	return float64(n.n)
}

// whole cuts the fraction off, and what is beyond belief down to it.
func (n numeric) whole() int64 {
	if n.broken {
		return int64(max(-1e15, min(1e15, n.f)))
	}
	return n.n
}

// value is the number as a value; a fraction without end is nil.
func (n numeric) value() any {
	if !n.broken {
		return n.n
	}
	if math.IsNaN(n.f) || math.IsInf(n.f, 0) {
		return nil
	}
	return n.f
}

// small says whether two whole numbers can be multiplied and added without overflow.
func small(a, b numeric) bool {
	const most = 1 << 31
	return !a.broken && !b.broken && a.n < most && a.n > -most && b.n < most && b.n > -most
}

// calculate applies one of + - * / %.
func calculate(op byte, a, b numeric) (any, error) {
	if (op == '/' || op == '%') && b.float() == 0 {
		return nil, errZero
	}
	if small(a, b) {
		switch op {
		case '+':
			return a.n + b.n, nil
		case '-':
			return a.n - b.n, nil
		case '*':
			return a.n * b.n, nil
		case '/':
			return floorDiv(a.n, b.n), nil
		default:
			return a.n - b.n*floorDiv(a.n, b.n), nil
		}
	}
	x, y := a.float(), b.float()
	var f float64
	switch op {
	case '+':
		f = x + y
	case '-':
		f = x - y
	case '*':
		f = x * y
	case '/':
		f = x / y
	default:
		f = math.Mod(x, y)
		if f != 0 && (f < 0) != (y < 0) {
			f += y
		}
	}
	return numeric{f: f, broken: true}.value(), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
