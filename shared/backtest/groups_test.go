package backtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestReadGroups(t *testing.T) {
	text := "nr,kind,Item\n1,tea,a\n2,,b\n3,cup,c\n4,pot,c\n5,tea,\n6\n7,cup,d\n7,,d\n"
	groups, rejects, err := ReadGroups(strings.NewReader(text), FormatOf("a.csv"), map[string]string{"group": "kind"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "tea", "c": "pot"}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	want := []Reject{{Line: 6, Column: "Item", Reason: "missing"}, {Line: 7, Column: "Item", Reason: "missing"}}
	if diff := cmp.Diff(want, rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{"nothing": "", "no groups": "item,colour\n", "no items": "colour,group\n"} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := ReadGroups(strings.NewReader(text), FormatOf("a.csv"), nil); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestByGroup(t *testing.T) {
	events := []Event{{User: "u", Item: "a"}, {User: "u", Item: "b"}, {User: "v", Item: "c"}}
	groups := map[string]string{"a": "tea", "c": "pot"}
	want := []Event{{User: "u", Item: "tea"}, {User: "v", Item: "pot"}}
	if diff := cmp.Diff(want, ByGroup(events, groups)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint32{0, NoGroup, 1}, NewLog(events).WithGroups(groups).groups); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}
