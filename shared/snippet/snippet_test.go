package snippet

import (
	"bytes"
	"compress/gzip"
	"testing"
)

func TestSnippetIsSmall(t *testing.T) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(JS); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if packed.Len() == 0 || packed.Len() >= 3<<10 {
		t.Errorf("the snippet has %d bytes compressed, want less than 3072", packed.Len())
	}
	t.Logf("%d bytes, %d compressed", len(JS), packed.Len())
}
