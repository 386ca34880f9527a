package recommend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// KeepModels is how many published model files a shop keeps: the current one and those to go back to.
const KeepModels = 5

// Pointer says which model file a shop's answers are made from. It is one small file that is replaced in one step: a reader sees the old or the new.
type Pointer struct {
	Files     []string  `json:"files"`             // in the order of use; the ones behind the first are for when it cannot be opened
	Published time.Time `json:"published"`         // when training last published a model, whether or not it is in use
	History   []Release `json:"history,omitempty"` // of all Files, the newest first
	Held      bool      `json:"held,omitempty"`    // somebody went back to an older model: only a better one takes its place
	Trial     *Trial    `json:"trial,omitempty"`   // two of the models are compared; its A is the first of Files
}

// Release is a model file that was published and is still kept.
type Release struct {
	File      string    `json:"file"`
	Bytes     int64     `json:"bytes"`
	Published time.Time `json:"published"`
}

// Version is the release's version as people write it: 16 hexadecimal digits.
func (r Release) Version() string { return strings.TrimSuffix(path.Base(r.File), modelSuffix) }

const modelSuffix = ".model"

func modelsFolder(shop event.ShopID) string { return "models/" + string(shop) + "/" }

func pointerName(shop event.ShopID) string { return modelsFolder(shop) + "current.json" }

func modelName(shop event.ShopID, version uint64) string {
	return fmt.Sprintf("%s%016x%s", modelsFolder(shop), version, modelSuffix)
}

// Publish stores a model file and then points the shop to it. While a trial runs the file is only kept, to be used later: the trial goes on between its two models. Repeated after a crash it does no
// harm: a file is named after its version, and a version is never published with two contents. It returns what holds then.
func Publish(ctx context.Context, blobs blob.Store, shop event.ShopID, version uint64, file []byte, now time.Time) (Pointer, error) {
	name := modelName(shop, version)
	if _, err := blobs.Put(ctx, name, bytes.NewReader(file)); err != nil {
		return Pointer{}, fmt.Errorf("store model %s: %w", name, err)
	}
	before, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return before, err
	}
	next := Pointer{Published: now.UTC(), Trial: before.Trial}
	next.History = keepReleases(before, Release{name, int64(len(file)), now.UTC()})
	next.Files = filesOf(next.History, name)
	if next.Trial != nil {
		next.Files, next.Held = filesOf(next.History, before.Files[0]), before.Held
	}
	if err := writePointer(ctx, blobs, shop, next, etag); err != nil {
		return before, err
	}
	return next, removeUnused(ctx, blobs, shop, next.Files)
}

// keepReleases are at most KeepModels, the newest first: a new one, those of a trial, and of the others the newest.
func keepReleases(before Pointer, fresh Release) []Release {
	compared := func(r Release) bool {
		return before.Trial != nil && (r.File == before.Trial.A || r.File == before.Trial.B)
	}
	room := KeepModels - 1
	for _, r := range before.History {
		if compared(r) && r.File != fresh.File {
			room--
		}
	}
	kept := []Release{fresh}
	for _, r := range before.History {
		switch {
		case r.File == fresh.File:
		case compared(r):
			kept = append(kept, r)
		case room > 0:
			kept = append(kept, r)
			room--
		}
	}
	return kept
}

// filesOf is the order of use: first what answers are made from, then the newest.
func filesOf(history []Release, first string) []string {
	files := []string{first}
	for _, r := range history {
		if r.File != first {
			files = append(files, r.File)
		}
	}
	return files
}

// writePointer replaces the pointer that had the tag; Conflict when somebody was faster.
func writePointer(ctx context.Context, blobs blob.Store, shop event.ShopID, p Pointer, etag string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode model pointer: %w", err)
	}
	if _, err := blobs.PutIf(ctx, pointerName(shop), bytes.NewReader(text), etag); err != nil {
		return fmt.Errorf("point %s to model %s: %w", shop, p.Files[0], err)
	}
	return nil
}

// removeUnused deletes model files that the pointer no longer names, and what was noted of them.
func removeUnused(ctx context.Context, blobs blob.Store, shop event.ShopID, used []string) error {
	files, err := blobs.List(ctx, modelsFolder(shop), "", 1000)
	if err != nil {
		return fmt.Errorf("list models of %s: %w", shop, err)
	}
	for _, f := range files {
		model := strings.TrimSuffix(f.Name, notesSuffix) + modelSuffix
		if strings.HasSuffix(f.Name, modelSuffix) {
			model = f.Name
		} else if !strings.HasSuffix(f.Name, notesSuffix) {
			continue
		}
		if slices.Contains(used, model) {
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
	if t := p.Trial; t != nil && (t.A != p.Files[0] || t.B == t.A || !slices.Contains(p.Files, t.B)) {
		p.Trial = nil // whoever does not know of trials chose another model
	}
	if len(p.History) == 0 { // written before there was a history
		for _, f := range p.Files {
			p.History = append(p.History, Release{File: f, Published: p.Published})
		}
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
