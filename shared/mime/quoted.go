package mime

// maxQuoted is how long a line is at most, without the sign of its going on.
const maxQuoted = 75

// plain says whether quoted-printable leaves a byte as it is, but for white space at the end of a line and a dot at its beginning, which SMTP would double.
func plain(c byte) bool { return c >= ' ' && c <= '~' && c != '=' || c == '\t' }

// appendQuoted appends a text in quoted-printable (RFC 2045, 6.7). Line ends of any kind become CRLF. The standard library's encoder does the same byte by byte; this one copies what it
// can, for most of what a sender spends on composing is here.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	line := len(dst) // where the line begins
	for i := 0; i < len(s); {
		c := s[i]
		switch used := len(dst) - line; {
		case c == '\n' || c == '\r':
			if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			dst = append(endLine(dst, line), "\r\n"...)
			line, i = len(dst), i+1
		case plain(c) && used < maxQuoted && (c != '.' || used > 0):
			n := i + 1
			for most := min(len(s), i+maxQuoted-used); n < most && plain(s[n]); {
				n++
			}
			dst = append(dst, s[i:n]...)
			i = n
		case used+3 > maxQuoted:
			dst = append(dst, "=\r\n"...)
			line = len(dst)
		default:
			dst = append(dst, '=', hex[c>>4], hex[c&15])
			i++
		}
	}
	return endLine(dst, line)
}

// endLine encodes white space at the end of a line, which relays may cut off.
func endLine(dst []byte, line int) []byte {
	if len(dst) == line {
		return dst
	}
	last := dst[len(dst)-1]
	if last != ' ' && last != '\t' {
		return dst
	}
	dst = dst[:len(dst)-1]
	if len(dst)+3-line > maxQuoted {
		dst = append(dst, "=\r\n"...)
	}
	if last == ' ' {
		return append(dst, "=20"...)
	}
	return append(dst, "=09"...)
}
