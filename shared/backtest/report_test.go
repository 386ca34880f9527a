package backtest

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func reported(t *testing.T, protocol string, models ...string) Report {
	t.Helper()
	results := run(t, protocol, NewLog(shop()), nil, models, nil, 1)
	if err := CompareAll(results, 1); err != nil {
		t.Fatal(err)
	}
	return Report{Results: results, Source: "shop.csv."}
}

func TestText(t *testing.T) {
	for protocol, models := range map[string][]string{
		StrongGeneralisation: {"popularity", "ease", "itemknn"}, TimeSplit: {"popularity", "itemknn"}, Sliding: {"popularity", "itemknn"},
		NextItem: {"popularity", "vmis-knn"}, NextBasket: {"popularity", "gp-topfreq"},
	} {
		t.Run(protocol, func(t *testing.T) {
			text := reported(t, protocol, models...).Text()
			for _, want := range append(models, protocol, "Seed 1", "95 %", "Beside popularity", "better", "novelty@", "diversity@", "coverage@", "light") {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			if strings.Contains(text, "NaN") {
				t.Errorf("a number that is none in\n%s", text)
			}
		})
	}
	if text := (Report{}).Text(); text != "" {
		t.Errorf("of nothing: %q", text)
	}
	if text := reported(t, TimeSplit, "popularity").Text(); strings.Contains(text, "Beside") {
		t.Errorf("one model is compared with itself:\n%s", text)
	}
}

func TestWrapped(t *testing.T) {
	text := wrapped(strings.Repeat("äußerst wenig ", 30), 40)
	for line := range strings.SplitSeq(text, "\n") {
		if n := utf8.RuneCountInString(line); n > 40 || n < 20 {
			t.Errorf("a line of %d: %q", n, line)
		}
	}
	if got := wrapped("", 10); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
