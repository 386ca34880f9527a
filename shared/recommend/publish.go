package recommend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// KeepModels is how many published model files a shop keeps: the current one and those to fall back to.
const KeepModels = 3

// Pointer says which model file a shop's answers are made from. It is one small file that is replaced in one step: a reader sees the old or the new.
type Pointer struct {
	Files     []string  `json:"files"` // newest first, at most KeepModels; the ones behind the first are for when it cannot be opened
	Published time.Time `json:"published"`
}

func pointerName(shop event.ShopID) string { return "models/" + string(shop) + "/current.json" }

// Publish stores a model file and then points the shop to it. Repeated after a crash it does no harm: a file is named after its version, and a version is never
// published with two contents.
func Publish(ctx context.Context, blobs blob.Store, shop event.ShopID, version uint64, file []byte, now time.Time) error {
	name := fmt.Sprintf("models/%s/%016x.model", shop, version)
	if _, err := blobs.Put(ctx, name, bytes.NewReader(file)); err != nil {
		return fmt.Errorf("store model %s: %w", name, err)
	}
	before, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	next := Pointer{Files: []string{name}, Published: now.UTC()}
	for _, f := range before.Files {
		if f != name && len(next.Files) < KeepModels {
			next.Files = append(next.Files, f)
		}
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode model pointer: %w", err)
	}
	if _, err := blobs.PutIf(ctx, pointerName(shop), bytes.NewReader(text), etag); err != nil {
		return fmt.Errorf("publish model %s: %w", name, err)
	}
	return removeUnused(ctx, blobs, shop, next.Files)
}

// removeUnused deletes model files that the pointer no longer names.
func removeUnused(ctx context.Context, blobs blob.Store, shop event.ShopID, used []string) error {
	files, err := blobs.List(ctx, "models/"+string(shop)+"/", "", 1000)
	if err != nil {
		return fmt.Errorf("list models of %s: %w", shop, err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".model") || slices.Contains(used, f.Name) {
			continue
		}
		if err := blobs.Delete(ctx, f.Name); err != nil {
			return fmt.Errorf("remove model %s: %w", f.Name, err)
		}
	}
	return nil
}

// ReadPointer reads the shop's pointer and its ETag; NotFound when nothing was published yet.
func ReadPointer(ctx context.Context, blobs blob.Store, shop event.ShopID) (Pointer, string, error) {
	text, info, err := readAll(ctx, blobs, pointerName(shop))
	if err != nil {
		return Pointer{}, "", fmt.Errorf("read model pointer of %s: %w", shop, err)
	}
	var p Pointer
	if err := json.Unmarshal(text, &p); err != nil || len(p.Files) == 0 {
		return Pointer{}, info.ETag, fault.Wrap(fault.Invalid, err, "the model pointer is not readable")
	}
	return p, info.ETag, nil
}

// ReadModel reads a published model file whole.
func ReadModel(ctx context.Context, blobs blob.Store, name string) ([]byte, error) {
	file, _, err := readAll(ctx, blobs, name)
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", name, err)
	}
	return file, nil
}

func readAll(ctx context.Context, blobs blob.Store, name string) ([]byte, blob.Info, error) {
	r, info, err := blobs.Open(ctx, name)
	if err != nil {
		return nil, info, err
	}
	defer r.Close()
	if info.Size < 0 || info.Size > maxModelBytes {
		return nil, info, fault.Newf(fault.Invalid, "%d bytes are too many", info.Size)
	}
	file := make([]byte, info.Size)
	if _, err := io.ReadFull(r, file); err != nil {
		return nil, info, fault.Wrap(fault.Unavailable, err, "the file broke off")
	}
	return file, info, nil
}

// maxModelBytes is what a process is willing to hold of one model file.
const maxModelBytes = 2 << 30
