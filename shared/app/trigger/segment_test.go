package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

func TestTableOf(t *testing.T) {
	tables := map[table.Name]string{"profiles": "prod-profiles", "people": "prod-people", "shops": ""}
	for arn, want := range map[string]table.Name{
		"arn:aws:dynamodb:eu-west-1:1:table/prod-profiles/stream/2026-05-01T00:00:00.000": "profiles",
		"arn:aws:dynamodb:eu-west-1:1:table/prod-people":                                  "people",
		"arn:aws:dynamodb:eu-west-1:1:table/prod-profiles-old/stream/x":                   "",
		"arn:aws:dynamodb:eu-west-1:1:table/":                                             "",
		"":                                                                                "",
	} {
		if got := tableOf(arn, tables); got != want {
			t.Errorf("%q is %q, want %q", arn, got, want)
		}
	}
}

func TestSweeps(t *testing.T) {
	calls := map[event.ShopID]int{}
	sweep := func(_ context.Context, shop event.ShopID) (segment.Swept, error) {
		calls[shop]++
		switch {
		case shop == "none":
			return segment.Swept{}, fault.New(fault.NotFound, "no such shop")
		case shop == "bad":
			return segment.Swept{}, errors.New("no")
		case shop == "soon" && calls[shop] < 2:
			return segment.Swept{Again: time.Millisecond}, nil
		case shop == "later":
			return segment.Swept{Again: time.Hour}, nil
		case shop == "long":
			return segment.Swept{Subjects: 7}, nil
		}
		return segment.Swept{Done: true}, nil
	}
	files := names{"shops/bad.json", "shops/later.json", "shops/long.json", "shops/none.json", "shops/soon.json", "shops/tea.json"}
	got, err := sweeps(quiet, files, sweep)(t.Context(), Which{})
	if err == nil {
		t.Error("the shop that failed is not named")
	}
	want := SweptShops{"later": {Again: time.Hour}, "long": {Subjects: 7}, "soon": {Done: true}, "tea": {Done: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("swept (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[event.ShopID]int{"bad": 1, "later": 1, "long": 1, "none": 1, "soon": 2, "tea": 1}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	waits := func(context.Context, event.ShopID) (segment.Swept, error) {
		return segment.Swept{Again: time.Second}, nil
	}
	if got, err := toTheEnd(ended, "tea", waits); err != nil || got.Done {
		t.Errorf("without time: %+v, %v", got, err)
	}
}

func FuzzSegmentPayload(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"shop":"tea"}`))
	f.Add([]byte(`{"Records":[]}`))
	f.Add([]byte(`{"Records":[{"eventSourceARN":"x","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"a"}}}}]}`))
	f.Add([]byte(`null`))
	handler := SegmentFunction(quiet, time.Now, nil, names(nil), &sink{}, nil, map[table.Name]string{"profiles": "p"})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var which Which
		if json.Unmarshal(payload, &which) == nil && which.Shop != "" {
			return // needs a table
		}
		answer, err := handler(t.Context(), payload)
		if answer == nil && err == nil {
			t.Error("neither an answer nor an error")
		}
	})
}
