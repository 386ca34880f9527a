package app

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// moody is a store whose engine fails when it is told to.
type moody struct {
	table.Store
	write atomic.Pointer[fault.Error] // what writes answer
	read  atomic.Pointer[fault.Error] // what reads of profiles answer
	slow  atomic.Bool                 // reads of profiles take until their deadline
}

func (m *moody) PutAll(ctx context.Context, items ...table.Item) error {
	if err := m.write.Load(); err != nil {
		return err
	}
	return m.Store.PutAll(ctx, items...)
}

func (m *moody) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	if k.Table == profile.Table {
		if err := m.read.Load(); err != nil {
			return table.Item{}, err
		}
		if m.slow.Load() {
			<-ctx.Done()
			return table.Item{}, fault.Wrap(fault.Unavailable, ctx.Err(), "")
		}
	}
	return m.Store.Get(ctx, k, opts...)
}

func TestEnginesThatFail(t *testing.T) {
	db := sqlitetest.Open(t, &sqlite.Options{Logger: quiet(), Feeds: []table.Name{event.Table, profile.Table}})
	engine := &moody{Store: db}
	w := newWorldOn(t, engine, db.Feed(event.Table), db.Queue("failures", nil))
	a := w.browser()
	a.frontPage("")
	a.send(teaKey, view("anon-a", "t00"))
	w.fold()

	t.Run("an event that cannot be stored is not acknowledged, and comes through when it is sent again", func(t *testing.T) {
		for name, f := range map[string]*fault.Error{"a full disk": fault.New(fault.Unavailable, "disk full"), "a throttled table": fault.New(fault.Throttled, "")} {
			engine.write.Store(f)
			message := map[string]any{"writeKey": teaKey, "batch": []track{view("anon-a", "t04")}}
			if status := a.call(http.MethodPost, "/v1/batch", message, nil); status != http.StatusServiceUnavailable {
				t.Errorf("%s: answered %d", name, status)
			}
			if a.answered.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", name)
			}
			engine.write.Store(nil)
			if status := a.call(http.MethodPost, "/v1/batch", message, nil); status != http.StatusOK {
				t.Errorf("%s is over: answered %d", name, status)
			}
		}
		w.fold()
		if got := a.frontPage("").shelf("viewed-before"); len(got) != 2 {
			t.Errorf("viewed before: %v", got)
		}
	})
	t.Run("a profile that cannot be read leaves a stranger's page", func(t *testing.T) {
		engine.read.Store(fault.New(fault.Throttled, ""))
		defer engine.read.Store(nil)
		if p := a.frontPage(""); len(p.shelf("viewed-before")) > 0 || len(p.shelf("trending")) == 0 || len(p.shelf("for-you")) == 0 {
			t.Errorf("%+v", p.Shelves)
		}
	})
	t.Run("a profile that takes too long leaves a stranger's page, in time", func(t *testing.T) {
		engine.slow.Store(true)
		defer engine.slow.Store(false)
		from := time.Now()
		if p := a.frontPage(""); len(p.shelf("viewed-before")) > 0 || len(p.shelf("for-you")) != 12 || len(p.shelf("trending")) != 8 {
			t.Errorf("%+v", p.Shelves)
		}
		if took := time.Since(from); took > 20*time.Second {
			t.Errorf("answered after %s", took)
		}
	})
}
