package recommend

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rules"
)

// noDeltas is a catalog that did not change.
type noDeltas struct{}

func (noDeltas) Delta(context.Context, event.ShopID) (catalog.Delta, error) {
	return catalog.Delta{}, fault.New(fault.NotFound, "none")
}

func (noDeltas) Items(context.Context, event.ShopID, ...event.ItemID) ([]catalog.Item, error) {
	return nil, nil
}

// noRules is a shop that demands nothing.
type noRules struct{}

func (noRules) Read(context.Context, event.ShopID) (rules.Document, error) {
	return rules.Document{Settings: rules.Standard}, nil
}

// file is a model of one item, told apart by its time of training.
func file(t *testing.T, trained time.Time) ([]byte, uint64) {
	t.Helper()
	c, err := model.NewCatalog([]model.Item{{ID: "a", Title: "A"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := model.Encode(model.Contents{Trained: trained, Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	return text, m.Version()
}

// shelfOfFiles is a blob store with the models published so far, and a clock.
type shelfOfFiles struct {
	t     *testing.T
	blobs blob.Store
	now   time.Time
}

func (s *shelfOfFiles) publish(age int) uint64 {
	s.t.Helper()
	text, version := file(s.t, testNow.AddDate(0, 0, -age))
	if _, err := Publish(s.t.Context(), s.blobs, "tea", version, text, s.now); err != nil {
		s.t.Fatal(err)
	}
	return version
}

func (s *shelfOfFiles) memory() *Models {
	return NewModels(slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return s.now }, s.blobs, noDeltas{}, noRules{}, &ModelsOptions{Every: time.Second})
}

// corrupt changes a byte in the middle of the file that the pointer names at a place.
func (s *shelfOfFiles) corrupt(place int) {
	s.t.Helper()
	p, _, err := ReadPointer(s.t.Context(), s.blobs, "tea")
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := ReadModel(s.t.Context(), s.blobs, p.Files[place])
	if err != nil {
		s.t.Fatal(err)
	}
	text[len(text)/2] ^= 0xff
	if _, err := s.blobs.Put(s.t.Context(), p.Files[place], bytes.NewReader(text)); err != nil {
		s.t.Fatal(err)
	}
}

// await asks until the model is the wanted one; the refresh runs beside the asking.
func (s *shelfOfFiles) await(ms *Models, want uint64) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		s.now = s.now.Add(2 * time.Second)
		m, err := ms.Model(s.t.Context(), "tea")
		if err != nil {
			s.t.Fatal(err)
		}
		if m.Version() == want {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("version %x stays, want %x", m.Version(), want)
		}
		time.Sleep(time.Millisecond)
	}
}

func newShelfOfFiles(t *testing.T) *shelfOfFiles {
	t.Helper()
	blobs, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &shelfOfFiles{t: t, blobs: blobs, now: testNow}
}

func TestModels(t *testing.T) {
	t.Run("a shop without a model is not found", func(t *testing.T) {
		s := newShelfOfFiles(t)
		if _, err := s.memory().Model(t.Context(), "tea"); !fault.Is(err, fault.NotFound) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a newer model is swapped in", func(t *testing.T) {
		s := newShelfOfFiles(t)
		ms := s.memory()
		s.expect(ms, s.publish(3))
		s.await(ms, s.publish(2))
	})
	t.Run("the last ones are kept, older ones removed", func(t *testing.T) {
		s := newShelfOfFiles(t)
		for age := 9; age > 0; age-- {
			s.publish(age)
		}
		files, err := s.blobs.List(t.Context(), "models/tea/", "", 100)
		if err != nil || len(files) != KeepModels+1 {
			t.Errorf("%d files, want %d and the pointer; %v", len(files), KeepModels, err)
		}
	})
	t.Run("a process that starts with a corrupt file goes back to the one before", func(t *testing.T) {
		s := newShelfOfFiles(t)
		good := s.publish(3)
		s.publish(2)
		s.corrupt(0)
		s.expect(s.memory(), good)
	})
	t.Run("a corrupt file does not push out the model in memory", func(t *testing.T) {
		s := newShelfOfFiles(t)
		good := s.publish(3)
		ms := s.memory()
		s.expect(ms, good)
		s.publish(2)
		s.corrupt(0)
		for range 20 {
			s.expect(ms, good)
			s.now = s.now.Add(2 * time.Second)
			time.Sleep(time.Millisecond)
		}
		s.await(ms, s.publish(1))
	})
	t.Run("nothing that can be opened is an error, not a panic", func(t *testing.T) {
		s := newShelfOfFiles(t)
		s.publish(3)
		s.corrupt(0)
		if m, err := s.memory().Model(t.Context(), "tea"); err == nil {
			t.Errorf("opened version %x", m.Version())
		}
	})
}

// expect asks once.
func (s *shelfOfFiles) expect(ms *Models, want uint64) {
	s.t.Helper()
	m, err := ms.Model(s.t.Context(), "tea")
	if err != nil {
		s.t.Fatal(err)
	}
	if m.Version() != want {
		s.t.Errorf("version %x, want %x", m.Version(), want)
	}
}
