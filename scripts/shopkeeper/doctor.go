package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/model"
)

type doctorCmd struct{}

// Help is what --help says besides the flags.
func (*doctorCmd) Help() string {
	return "Reads everything in the folder once: keys, settings, catalog, archive, model. It changes nothing. The exit status is 1 when something needs attention."
}

// finding is one thing looked at. Bad ones come with what to do.
type finding struct {
	Part   string `json:"part"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Run checks the folder.
func (*doctorCmd) Run(p *program) (err error) {
	shop, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(shop, &err)
	sick := 0
	for _, check := range []struct {
		part string
		look func(*program, *local.Local) (string, error)
	}{{"keys", checkKeys}, {"settings", checkSettings}, {"catalog", checkCatalog}, {"archive", checkArchive}, {"model", checkModel}} {
		f := finding{Part: check.part, OK: true}
		var trouble error
		if f.Detail, trouble = check.look(p, shop); trouble != nil {
			if errors.Is(trouble, p.Err()) && p.Err() != nil {
				return trouble
			}
			f.OK, f.Detail = false, trouble.Error()
			sick++
		}
		mark := "ok  "
		if !f.OK {
			mark = "BAD "
		}
		if err := p.print(f, fmt.Sprintf("%s %-9s %s\n", mark, f.Part, f.Detail)); err != nil {
			return err
		}
	}
	if sick > 0 {
		return fault.Newf(fault.Internal, "%d of the parts need attention", sick)
	}
	return nil
}

func checkKeys(_ *program, l *local.Local) (string, error) {
	info, err := os.Stat(filepath.Join(l.Dir, "keys.json"))
	if err != nil {
		return "", err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fmt.Errorf("keys.json can be read by others: chmod 600 %s", filepath.Join(l.Dir, "keys.json"))
	}
	return "readable by its owner alone", nil
}

func checkSettings(p *program, l *local.Local) (string, error) {
	s, err := l.Shops.Settings(p, local.ShopID)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %s, consent %s", s.Name, s.Currency, s.Consent), s.Validate()
}

func checkCatalog(p *program, l *local.Local) (string, error) {
	items, hidden, wrong := 0, 0, []string{}
	err := l.Items.List(p, local.ShopID, func(it catalog.Item) error {
		items++
		if it.Hidden || it.SoldOut {
			hidden++
		}
		if bad := it.Validate(""); bad != nil && len(wrong) < 3 {
			wrong = append(wrong, fmt.Sprintf("%s: %v", it.ID, bad))
		}
		return nil
	})
	if err == nil && len(wrong) > 0 {
		err = errors.New(strings.Join(wrong, "; "))
	}
	return fmt.Sprintf("%d items, %d of them hidden or sold out", items, hidden), err
}

func checkArchive(p *program, l *local.Local) (string, error) {
	var forever, first, last time.Time
	events, orders := 0, 0
	err := archive.Read(p, l.Blobs, local.ShopID, forever, forever, func(r archive.Row) error {
		if r.Line > 0 {
			return nil
		}
		events++
		if r.Name == string(event.OrderCompleted) {
			orders++
		}
		if first.IsZero() || r.At.Before(first) {
			first = r.At
		}
		if r.At.After(last) {
			last = r.At
		}
		return nil
	})
	if err != nil || events == 0 {
		return "empty", err
	}
	return fmt.Sprintf("%d events, %d of them orders, %s to %s", events, orders, first.Format(time.DateOnly), last.Format(time.DateOnly)), nil
}

func checkModel(p *program, l *local.Local) (string, error) {
	pointer, _, err := recommend.ReadPointer(p, l.Blobs, local.ShopID)
	if fault.Is(err, fault.NotFound) {
		return "none yet: shopkeeper train makes it", nil
	}
	if err != nil {
		return "", err
	}
	file, err := recommend.ReadModel(p, l.Blobs, pointer.Files[0])
	if err != nil {
		return "", err
	}
	m, err := model.Open(file)
	if err != nil {
		return "", fmt.Errorf("%s is damaged, visitors get the one before; shopkeeper train makes it anew: %w", pointer.Files[0], err)
	}
	return fmt.Sprintf("%.1f MB, trained %s, published %s", float64(len(file))/1e6, m.Trained().UTC().Format(time.RFC3339), pointer.Published.UTC().Format(time.RFC3339)), nil
}
