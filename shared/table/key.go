package table

import "strings"

func join(parts []string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('#')
		}
		if !strings.ContainsAny(p, "#%") {
			b.WriteString(p)
			continue
		}
		for j := range len(p) {
			switch p[j] {
			case '#':
				b.WriteString("%23")
			case '%':
				b.WriteString("%25")
			default:
				b.WriteByte(p[j])
			}
		}
	}
	return b.String()
}

// Split undoes Partition.
func Split(joined string) []string {
	parts := strings.Split(joined, "#")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "%23", "#"), "%25", "%")
	}
	return parts
}
