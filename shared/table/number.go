package table

import "strconv"

// What a DynamoDB number can be: significant digits, and the power of ten of the first of them.
const (
	maxDigits = 38
	minPower  = -130
	maxPower  = 125
)

// number copies a number without needless zeros, plus signs and exponents.
func (c *canon) number() error {
	start := c.pos
	negative := c.peek() == '-'
	if negative {
		c.pos++
	}
	whole := c.digits()
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return invalidBody("has a wrong number", start)
	}
	digits := whole
	power := 0 // of the last digit
	if c.peek() == '.' {
		c.pos++
		frac := c.digits()
		if len(frac) == 0 {
			return invalidBody("has a wrong number", start)
		}
		digits = append(append(make([]byte, 0, len(whole)+len(frac)), whole...), frac...)
		power = -len(frac)
	}
	exp, ok := c.exponent()
	if !ok {
		return invalidBody("has a wrong number", start)
	}
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	power += exp
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		power++
	}
	first := power + len(digits) - 1
	if len(digits) > maxDigits || len(digits) > 0 && (first < minPower || first > maxPower) {
		return invalidBody("has a number of more than 38 digits or beyond 1e-130 to 1e126", start)
	}
	c.size += (len(digits)+1)/2 + 1
	if len(digits) == 0 {
		c.out = append(c.out, '0')
		return nil
	}
	if negative {
		c.size++
		c.out = append(c.out, '-')
	}
	c.plain(digits, power, first)
	return nil
}

// plain writes digits times ten to the power; with an exponent when it would have many zeros otherwise.
func (c *canon) plain(digits []byte, power, first int) {
	switch {
	case power >= 0 && first < maxDigits:
		c.out = append(c.out, digits...)
		c.zeros(power)
	case first >= 0 && power < 0:
		c.out = append(c.out, digits[:first+1]...)
		c.out = append(c.out, '.')
		c.out = append(c.out, digits[first+1:]...)
	case first < 0 && first >= -10:
		c.out = append(c.out, '0', '.')
		c.zeros(-first - 1)
		c.out = append(c.out, digits...)
	default:
		c.out = append(c.out, digits[0])
		if len(digits) > 1 {
			c.out = append(c.out, '.')
			c.out = append(c.out, digits[1:]...)
		}
		c.out = append(c.out, 'e')
		c.out = strconv.AppendInt(c.out, int64(first), 10)
	}
}

func (c *canon) zeros(n int) {
	for range n {
		c.out = append(c.out, '0')
	}
}

func (c *canon) digits() []byte {
	start := c.pos
	for b := c.peek(); b >= '0' && b <= '9'; b = c.peek() {
		c.pos++
	}
	return c.in[start:c.pos]
}

func (c *canon) exponent() (int, bool) {
	if b := c.peek(); b != 'e' && b != 'E' {
		return 0, true
	}
	c.pos++
	sign := 1
	switch c.peek() {
	case '-':
		sign = -1
		c.pos++
	case '+':
		c.pos++
	}
	digits := c.digits()
	if len(digits) == 0 {
		return 0, false
	}
	n := 0
	for _, d := range digits {
		n = min(n*10+int(d-'0'), 1<<30) // beyond any allowed power, within any int
	}
	return sign * n, true
}
