package warehouse

import (
	"context"
	"embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

//go:embed sql/*.sql
var queries embed.FS

// placeholder is a value, or a stage whose table is read.
var placeholder = regexp.MustCompile(`\{\{([a-z0-9_]+)\}\}`)

// stage is the SELECT of a stage, without the comment before it; false when there is no such stage.
func stage(name string) (string, bool) {
	text, err := queries.ReadFile("sql/" + name + ".sql")
	_, query, _ := strings.Cut(string(text), "\n")
	return query, err == nil
}

// stages makes tables, each once, and what it reads before it.
type stages struct {
	engine Engine
	files  blob.Store
	table  func(stage string) string // names a table
	folder string                    // of its files, with a slash at the end
	below  *stages                   // whose tables are there already, and for all; nil for none

	mu     sync.Mutex
	values map[string]string // what stands for placeholders: numbers, times, names of tables
	places map[string]string // of the files
}

// set gives a placeholder a value: a number, or text that we made ourselves.
func (s *stages) set(name string, value any) { s.values[name] = fmt.Sprint(value) }

// place makes a stage's table, and returns where its files are.
func (s *stages) place(ctx context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.make(ctx, name); err != nil {
		return "", err
	}
	return s.places[name], nil
}

// rows hands the rows of a small stage to each.
func (s *stages) rows(ctx context.Context, name string, each func([]string) error) error {
	s.mu.Lock()
	query, err := s.text(ctx, name)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.engine.Rows(ctx, query, each); err != nil {
		return fmt.Errorf("warehouse, %s: %w", name, err)
	}
	return nil
}

func (s *stages) make(ctx context.Context, name string) error {
	if s.places[name] != "" {
		return nil
	}
	query, err := s.text(ctx, name)
	if err != nil {
		return err
	}
	place, err := s.engine.Materialize(ctx, s.table(name), query, s.folder+name+"/")
	if err != nil {
		return fmt.Errorf("warehouse, %s: %w", name, err)
	}
	s.places[name], s.values[name] = place, s.table(name)
	return nil
}

// text is a stage's SELECT with its placeholders filled, after the stages it reads are made.
func (s *stages) text(ctx context.Context, name string) (string, error) {
	text, ok := stage(name)
	if !ok {
		return "", fault.Newf(fault.Internal, "the warehouse has no stage %s", name)
	}
	var failed error
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		read := strings.Trim(found, "{}")
		value, ok := s.value(read)
		if !ok && failed == nil {
			failed = s.make(ctx, read)
			value = s.values[read]
		}
		return value
	})
	return filled, failed
}

func (s *stages) value(name string) (string, bool) {
	if v, ok := s.values[name]; ok {
		return v, true
	}
	if s.below == nil {
		return "", false
	}
	v, ok := s.below.values[name]
	return v, ok
}
