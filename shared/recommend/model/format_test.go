package model

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite FORMAT.md")

// document is FORMAT.md: what other programs need to read and write model files.
func document() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The model file, format %d, byte by byte

Made from the table of sections in sections.go by a test (-update). All numbers are little-endian, all text is UTF-8. The ideas are in the package's comment.

| bytes | type | what |
| --- | --- | --- |
| 0-7 | text | %q |
| 8-11 | uint32 | format: %d. A reader refuses every other |
| 12-15 | uint32 | number of sections, at most %d |
| 16-23 | uint64 | length of the file |
| 24-31 | int64 | time of training, Unix milliseconds |
| 32-63 | bytes | SHA-256 of bytes 0-31 and the directory; the first 8, big-endian, are the model's version |
| 64-.. | directory | an entry of %d bytes for each section: uint32 kind, uint32 CRC-32C (Castagnoli) of the section and its padding, uint64 offset, uint64 length without padding |
| .. | sections | in ascending order of kind, each from a multiple of %d, padded with zeros, nothing between them and nothing behind |

A section that a reader does not know is passed over; one that it misses makes the file invalid. Strings, rows and lists are stored as their entries one behind the other and a section of offsets behind
them: list n goes from offset n to offset n + 1; offsets ascend from 0 to the number of entries. Every item is below the number of items, every category below that of categories.

| kind | what | entry | how many | meaning |
| --- | --- | --- | --- | --- |
`, format, magic, format, mostKinds, entryLen, alignment)
	for _, s := range sections {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", s.kind, s.name, s.entry, s.count, s.means)
	}
	b.WriteString("\ntext: bytes. pair: uint32 item, float32 score.\n")
	return b.String()
}

func TestTheFormatIsDocumented(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile("FORMAT.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("FORMAT.md is stale: go test ./shared/recommend/model -update (-want +got):\n%s", diff)
	}
}

// TestTheTableOfSectionsIsTrue reads a file by the table alone: every section is in it with the number of entries it claims, and no other.
func TestTheTableOfSectionsIsTrue(t *testing.T) {
	c := example(t)
	file := encode(t, c)
	held := map[kind][]byte{}
	var order []kind
	for n := range int(binary.LittleEndian.Uint32(file[12:])) {
		entry := file[headerLen+entryLen*n:]
		k := kind(binary.LittleEndian.Uint32(entry))
		from, length := binary.LittleEndian.Uint64(entry[8:]), binary.LittleEndian.Uint64(entry[16:])
		order, held[k] = append(order, k), file[from:from+length]
	}
	var documented []kind
	for _, s := range sections {
		documented = append(documented, s.kind)
	}
	if diff := cmp.Diff(documented, order); diff != "" {
		t.Fatalf("kinds of the file (-documented +written):\n%s", diff)
	}
	sizes := map[string]int{"text": 1, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8, "float64": 8, "pair": 8}
	last := func(k kind) int { return int(binary.LittleEndian.Uint32(held[k][len(held[k])-4:])) }
	items, categories, sessions := len(c.Catalog.Items), len(c.Catalog.Categories), c.Sessions.Sessions()
	terms := len(c.Content.Terms)
	counts := map[string]int{"12": 12, "items": items, "items + 1": items + 1, "categories": categories, "categories + 1": categories + 1, "categories + 2": categories + 2,
		"sessions + 1": sessions + 1, "sessions, or 0": len(c.Sessions.Freshness), "partners": len(c.Together.Support), "slots": 8, "brands + 1": 3, "currencies + 1": 3,
		"2": 2, "4": 4, "terms": terms, "purchase features": 3, "purchase nodes": 3, "purchase nodes and leaves": 7, "terms + 1": terms + 1, "features": c.Ranker.Width(), "nodes": len(c.Ranker.Feature), "nodes and leaves": len(c.Ranker.Value)}
	for _, s := range sections {
		count, ok := counts[s.count]
		switch s.count {
		case "offsets":
			count, ok = last(s.kind+1), true
		case "offsets before":
			count, ok = last(s.kind-1), true
		}
		if size := sizes[s.entry]; !ok || size == 0 || count == 0 || len(held[s.kind]) != count*size {
			t.Errorf("%v: %d bytes, documented are %s of %s", s.kind, len(held[s.kind]), s.count, s.entry)
		}
	}
}
