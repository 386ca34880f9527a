package backtest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/fault"
)

// Params are a model's settings by name. In JSON a number is a number.
type Params map[string]string

// MarshalJSON writes numbers as numbers, everything else as text, in the order of the names.
func (p Params) MarshalJSON() ([]byte, error) {
	out := make(map[string]json.RawMessage, len(p))
	for name, value := range p {
		raw := json.RawMessage(value)
		if _, err := strconv.ParseFloat(value, 64); err != nil || !json.Valid(raw) {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			raw = text
		}
		out[name] = raw
	}
	return json.Marshal(out)
}

// String is the settings in the order of their names.
func (p Params) String() string {
	parts := make([]string, 0, len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, name+"="+p[name])
	}
	return strings.Join(parts, " ")
}

// field is where a setting is read to: *float64, *int, *string or *time.Duration.
type field struct {
	name string
	to   any
}

// read fills fields and names everything that is malformed at once.
func (p Params) read(fields ...field) error {
	var wrong []fault.Field
	for _, f := range fields {
		var err error
		reason := "a number"
		switch to := f.to.(type) {
		case *float64:
			*to, err = strconv.ParseFloat(p[f.name], 64)
		case *int:
			*to, err = strconv.Atoi(p[f.name])
			reason = "a whole number"
		case *time.Duration:
			*to, err = time.ParseDuration(p[f.name])
			reason = "a duration such as 720h"
		case *string:
			*to = p[f.name]
		}
		if err != nil {
			wrong = append(wrong, fault.Field{Path: f.name, Reason: strconv.Quote(p[f.name]) + " is not " + reason})
		}
	}
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// Spec is a model to try, with all its settings.
type Spec struct {
	Name   string
	Params Params
	fit    func(context.Context, Training, Params) (Model, error)
}

// Models lists the names that Parse knows.
func Models() []string {
	out := make([]string, len(registry))
	for i, r := range registry {
		out[i] = r.name
	}
	return out
}

// Parse finds models by name and gives each the settings it knows, written "lambda" for all models that have it or "ease.lambda" for one; the others keep their defaults. Invalid names an unknown model, and a setting that none
// of them has.
func Parse(names []string, settings map[string]string) ([]Spec, error) {
	var out []Spec
	used := map[string]bool{}
	for _, name := range names {
		at := slices.Index(Models(), name)
		if at < 0 {
			return nil, fault.InvalidField("model", strconv.Quote(name)+" is none of "+joined(Models()))
		}
		r := registry[at]
		p := maps.Clone(r.defaults)
		for key := range r.defaults {
			for _, written := range []string{key, name + "." + key} { // the one that names the model comes last
				if value, ok := settings[written]; ok {
					p[key], used[written] = value, true
				}
			}
		}
		out = append(out, Spec{r.name, p, r.fit})
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !used[key] {
			return nil, fault.InvalidField("param", strconv.Quote(key)+" is not a setting of "+joined(names))
		}
	}
	return out, nil
}
