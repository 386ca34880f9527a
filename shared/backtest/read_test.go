package backtest

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

func ordinals(values ...item.Ordinal) []item.Ordinal { return values }

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func TestRead(t *testing.T) {
	tests := map[string]struct {
		text, kind, name string
		mapping          map[string]string
		events           []Event
		rejects          []Reject
	}{
		"sessions with tabs and Unix times": {"SessionId\tItemId\tTime\n7\tx\t1592337718.5\n", Sessions, "clicks.txt", nil,
			[]Event{{User: "7", Item: "x", Time: 1592337718500}}, nil},
		"interactions without time": {"user,item\nann,tea\n", Interactions, "a.csv", nil, []Event{{User: "ann", Item: "tea"}}, nil},
		"baskets by a mapping": {"who,nr,what\nann,1,tea\n", Baskets, "a.csv", map[string]string{"user": "who", "basket": "nr", "item": "what"},
			[]Event{{User: "ann", Basket: "1", Item: "tea"}}, nil},
		"usual headings in any case": {"Customer ID,Invoice,StockCode,InvoiceDate\n1,2,3,2009-12-01 07:45:00\n", Baskets, "a.csv", nil,
			[]Event{{User: "1", Basket: "2", Item: "3", Time: 1259653500000}}, nil},
		"compressed": {zip("user,item\nann,tea\n"), Interactions, "a.csv.gz", nil, []Event{{User: "ann", Item: "tea"}}, nil},
		"objects": {"{\"customer_id\":7,\"sku\":\"tea\",\"time\":1592337718.5,\"more\":[1]}\n\n{\"time\":1,\"customer_id\":\"8\",\"sku\":9007199254740993}\n", Interactions, "a.ndjson", nil,
			[]Event{{User: "7", Item: "tea", Time: 1592337718500}, {User: "8", Item: "9007199254740993", Time: 1000}}, nil},
		"compressed objects": {zip(`{"user":"ann","item":"tea"}`), Interactions, "a.jsonl.gz", nil, []Event{{User: "ann", Item: "tea"}}, nil},
		"segments where they are mapped": {"user,item,country,segment\nann,tea,FR,x\nbob,cup,,x\n", Interactions, "a.csv", map[string]string{"segment": "country"},
			[]Event{{User: "ann", Item: "tea", Segment: "FR"}, {User: "bob", Item: "cup"}}, nil},
		"broken objects": {"[1]\n{\"user\":\"ann\",\"item\":\"tea\",\"time\":1}\n{\"user\":\"ann\"}\nnull\n{\"user\":{},\"item\":1}\n{\"user\":1,\"item\":2,\"time\":\"soon\"}\n{}{}\n", Interactions, "a.json", nil,
			[]Event{{User: "ann", Item: "tea", Time: 1000}},
			[]Reject{{1, "", "not a JSON object", "[1]"}, {3, "item", "missing", ""}, {4, "", "not a JSON object", "null"}, {5, "user", "missing", ""}, {6, "time", "not a time", "soon"}, {7, "", "not a JSON object", "{}{}"}}},
		"sessions of OTTO": {`{"session":0,"events":[{"aid":15,"ts":1659304800025,"type":"clicks"},{"aid":16,"ts":1659304904511,"type":"carts"}]}` + "\n" + `{"session":1,"events":[]}`, OTTO, "a.jsonl", nil,
			[]Event{{User: "0", Item: "15", Time: 1659304800025}, {User: "0", Item: "16", Time: 1659304904511}}, nil},
		"broken sessions of OTTO": {`{"events":[]}` + "\n" + `{"session":1,"events":[{"aid":1}]}` + "\n" + `{"session":1,"events":[{"aid":1,"ts":-4}]}` + "\n" + `{"session":2,"events":7}`, OTTO, "a.jsonl", nil, nil,
			[]Reject{{1, "session", "missing", `{"events":[]}`}, {2, "events[0]", "has no aid or no ts", ""}, {3, "events[0].ts", "not a time", "-4"},
				{4, "", "not a session with a list of events", `{"session":2,"events":7}`}}},
		"a heading alone":   {"user,item\n", Interactions, "a.csv", nil, nil, nil},
		"quoted over lines": {"user,item\nann,\"te\na\"\nbob,cup\n", Interactions, "a.csv", nil, []Event{{User: "ann", Item: "te\na"}, {User: "bob", Item: "cup"}}, nil},
		"broken lines are told and the rest goes on": {"user,item,time\n,tea,1\nann,,1\nann\nann,tea,soon\nann,tea\nbob,cup,2\n", Interactions, "a.csv", nil,
			[]Event{{User: "bob", Item: "cup", Time: 2000}},
			[]Reject{{2, "user", "missing", ""}, {3, "item", "missing", ""}, {4, "item", "missing", ""}, {5, "time", "not a time", "soon"}, {6, "time", "missing", ""}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			events, rejects, err := Read(strings.NewReader(tt.text), tt.kind, FormatOf(tt.name), tt.mapping)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.events, events, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.rejects, rejects, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("rejects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsThatArePassedOver(t *testing.T) {
	text := "Invoice,user,item\n1,u,a\nC2,u,b\n3,u,c\n"
	events, rejects, err := Read(strings.NewReader(text), Interactions, Format{Comma: ',', Skip: map[string]string{"Invoice": "C"}}, nil)
	if err != nil || len(rejects) > 0 || len(events) != 2 || events[0].Item != "a" || events[1].Item != "c" {
		t.Errorf("%v %v %v", events, rejects, err)
	}
	if _, _, err := Read(strings.NewReader(text), Interactions, Format{Comma: ',', Skip: map[string]string{"Order": "C"}}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a column that is not there: %v", err)
	}
	events, rejects, err = Read(strings.NewReader(text), Interactions, Format{Comma: ',', Keep: map[string]string{"item": "^[bc]$", "Invoice": "[0-9]$"}, Skip: map[string]string{"Invoice": "C"}}, nil)
	if err != nil || len(rejects) > 0 || len(events) != 1 || events[0].Item != "c" {
		t.Errorf("%v %v %v", events, rejects, err)
	}
	for column, pattern := range map[string]string{"Order": "^C", "item": "("} {
		if _, _, err := Read(strings.NewReader(text), Interactions, Format{Comma: ',', Keep: map[string]string{column: pattern}}, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s like %s: %v", column, pattern, err)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	tests := map[string]struct {
		text, kind, name string
		mapping          map[string]string
	}{
		"an empty file":              {"", Interactions, "a.csv", nil},
		"an unknown kind":            {"user,item\n", "songs", "a.csv", nil},
		"a missing column":           {"user,thing\n", Interactions, "a.csv", nil},
		"a field that is none":       {"user,item\n", Interactions, "a.csv", map[string]string{"basket": "user"}},
		"a line without an end":      {strings.Repeat("x", longestLine+2), Interactions, "a.ndjson", nil},
		"objects without an item":    {`{"user":1}`, Interactions, "a.ndjson", nil},
		"no object at all":           {"[]\n", Interactions, "a.ndjson", nil},
		"objects cut in the middle":  {zip(strings.Repeat("{\"user\":1,\"item\":2}\n", 5000))[:60], Interactions, "a.jsonl.gz", nil},
		"a mapping to nowhere":       {"user,item\n", Interactions, "a.csv", map[string]string{"item": "sku"}},
		"a mapped time that is none": {"user,item\n", Interactions, "a.csv", map[string]string{"time": "when"}},
		"not compressed":             {"user,item\n", Interactions, "a.csv.gz", nil},
		"cut in the middle":          {zip("user,item\n" + strings.Repeat("ann,tea\nbob,cup\n", 5000))[:60], Interactions, "a.csv.gz", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, err := Read(strings.NewReader(tt.text), tt.kind, FormatOf(tt.name), tt.mapping); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1592337718": 1592337718000, "1592337718.25": 1592337718250, "1592337718250": 1592337718250,
		"2020-06-16T20:01:58Z": 1592337718000, "2020-06-16 20:01:58": 1592337718000, "2020-06-16": 1592265600000,
	} {
		if got, ok := parseTime(text); !ok || got != want {
			t.Errorf("%q is %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "soon", "-1", "NaN", "Inf", "1e99", "2020-13-01"} {
		if got, ok := parseTime(text); ok {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("user,item,time\nann,tea,1\n", uint8(0), false)
	f.Add("SessionId\tItemId\tTime\n7\tx\t1592337718.5\n", uint8(1), true)
	f.Add("user,basket,item\n\"a\n,b,c\n", uint8(2), false)
	f.Add("\xef\xbb\xbfuser,item\nann,\"te\"a\n", uint8(0), false)
	f.Add(`{"user":1,"item":"tea","time":3}`, uint8(100), false)
	f.Add(`{"session":1,"events":[{"aid":4,"ts":1659304800025}]}`, uint8(3), false)
	f.Fuzz(func(t *testing.T, text string, kind uint8, tabs bool) {
		format := Format{Comma: ','}
		if tabs {
			format.Comma = '\t'
		}
		format.JSON = kind > 99
		events, rejects, err := Read(strings.NewReader(text), Kinds()[int(kind)%4], format, nil)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an invalid fault", err)
			}
			return
		}
		for _, r := range rejects {
			if r.Line < 1 || r.Reason == "" {
				t.Fatalf("a reject that does not say where or why: %+v", r)
			}
		}
		log := NewLog(events)
		for _, h := range log.histories() {
			n := 0
			for _, b := range h.order() {
				n += len(b.Items)
				if len(b.Items) == 0 || slices.Contains(b.Items[1:], b.Items[0]) {
					t.Fatalf("a basket without items, or with one twice: %v", b)
				}
			}
			if n > len(h.items) || len(h.first().items) > n {
				t.Fatalf("%d items in baskets, %d in the history", n, len(h.items))
			}
		}
	})
}
