package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/staff"
)

// Import is one file that was uploaded or dropped, and what became of it.
type Import struct {
	ID     string    `json:"id"` // names the file below the shop's folder: "contacts/20260504T090000Z-list.csv"
	Kind   string    `json:"kind"`
	At     time.Time `json:"at"`
	Bytes  int64     `json:"bytes"`
	Done   bool      `json:"done"`
	Error  string    `json:"error,omitempty"` // the file as a whole could not be read
	Result *Imported `json:"result,omitempty"`
}

// Imported counts rows.
type Imported struct {
	Rows       int64   `json:"rows"`
	Accepted   int64   `json:"accepted"`
	Rejected   int64   `json:"rejected"`
	Duplicates int64   `json:"duplicates"`
	Events     int64   `json:"events"`
	People     int64   `json:"people"`
	Items      int64   `json:"items"`
	Seconds    float64 `json:"seconds"`
}

// uploads is where files wait for the import, and results where it says what became of them; see package ingest.
func uploads(shop event.ShopID) string { return "imports/" + string(shop) + "/" }

func results(shop event.ShopID) string { return "imports/_done/" + string(shop) + "/" }

// Imports are the latest files, newest first.
func (s *Service) Imports(ctx context.Context, a staff.Actor) ([]Import, error) {
	if err := a.Check(staff.ImportsRead); err != nil {
		return nil, err
	}
	var all []Import
	for after := ""; ; {
		files, err := s.Files.List(ctx, uploads(a.Shop), after, 1000)
		if err != nil {
			return nil, fmt.Errorf("list imports: %w", err)
		}
		for _, f := range files {
			after = f.Name
			id := strings.TrimPrefix(f.Name, uploads(a.Shop))
			kind, _, ok := strings.Cut(id, "/")
			if ok && !strings.HasSuffix(id, ".map.json") {
				all = append(all, Import{ID: id, Kind: kind, At: f.Modified, Bytes: f.Size})
			}
		}
		if len(files) < 1000 {
			break
		}
	}
	slices.SortFunc(all, func(x, y Import) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.ID, y.ID)) })
	all = all[:min(len(all), MaxPage)]
	for i := range all {
		if err := s.outcome(ctx, a.Shop, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// outcome reads what became of a file. A result older than the file is that of the file before it.
func (s *Service) outcome(ctx context.Context, shop event.ShopID, im *Import) error {
	r, info, err := s.Files.Open(ctx, results(shop)+im.ID+".json")
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("result of an import: %w", err)
	}
	defer r.Close()
	if info.Modified.Before(im.At) {
		return nil
	}
	var told struct {
		Imported
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxResult)).Decode(&told); err != nil {
		return fmt.Errorf("result of an import: %w", err)
	}
	im.Done, im.Error, im.Result = true, told.Error, &told.Imported
	return nil
}

const maxResult = 1 << 20

// Rejected is the list of refused rows of an import (CSV: line, column, reason, value); NotFound when none was refused.
func (s *Service) Rejected(ctx context.Context, a staff.Actor, id string) (io.ReadCloser, error) {
	if err := a.Check(staff.RejectedRead); err != nil {
		return nil, err
	}
	if path.Clean("/"+id) != "/"+id {
		return nil, fault.New(fault.NotFound, "there is no such import")
	}
	r, _, err := s.Files.Open(ctx, results(a.Shop)+id+".rejected.csv")
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, fault.Wrap(fault.NotFound, err, "no row of it was refused, or there is no such import")
	}
	return r, err
}

// Upload is a file to import.
type Upload struct {
	Kind    string            // see ingest.Kinds
	Name    string            // for people: the file's own
	Mapping map[string]string // field to column, where the usual names do not fit
	Content io.Reader
}

// Upload stores a file for the import, which begins within seconds and whose outcome Imports tells.
func (s *Service) Upload(ctx context.Context, a staff.Actor, u Upload) (Import, error) {
	var stored Import
	err := s.change(ctx, a, staff.ImportsEdit, "import/"+u.Kind, func() (act, error) {
		if !slices.Contains(ingest.Kinds(), u.Kind) {
			return act{}, fault.InvalidField("kind", "is one of "+strings.Join(ingest.Kinds(), ", "))
		}
		stored = Import{Kind: u.Kind, ID: u.Kind + "/" + s.now().UTC().Format("20060102T150405.000Z") + "-" + plainName(u.Name)}
		name := uploads(a.Shop) + stored.ID
		if len(u.Mapping) > 0 {
			text, err := json.Marshal(u.Mapping)
			if err != nil {
				return act{}, fmt.Errorf("encode a mapping: %w", err)
			}
			if _, err := s.Files.Put(ctx, name+".map.json", bytes.NewReader(text)); err != nil {
				return act{}, fmt.Errorf("store a mapping: %w", err)
			}
		}
		info, err := s.Files.Put(ctx, name, u.Content)
		stored.At, stored.Bytes = info.Modified, info.Size
		return act{nil, struct {
			ID    string `json:"id"`
			Bytes int64  `json:"bytes"`
		}{stored.ID, stored.Bytes}}, err
	})
	return stored, err
}

// plainName is what is left of a file's name: its letters, digits, dots and dashes.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, path.Base(strings.ReplaceAll(name, `\`, "/")))
	name = strings.ReplaceAll(name, ".map.json", "-map.json") // the name of a mapping
	return cmp.Or(strings.Trim(name[:min(len(name), 100)], "."), "file")
}
