package backtest

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func reported(t *testing.T, protocol string, models ...string) Report {
	t.Helper()
	return Report{Results: results(t, protocol, models...), Source: "shop.csv."}
}

func results(t *testing.T, protocol string, models ...string) []Result {
	t.Helper()
	all := run(t, protocol, NewLog(shop()), nil, models, nil, 1)
	if err := CompareAll(all, 1); err != nil {
		t.Fatal(err)
	}
	return all
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
			page, err := Report{Results: results(t, protocol, models...), Source: "shop.csv <b>."}.HTML()
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range append(models, protocol, "<svg", "Seed 1", "than popularity in", "shop.csv &lt;b&gt;.", "prefers-color-scheme:dark", "width=device-width") {
				if !strings.Contains(string(page), want) {
					t.Errorf("%q is missing on the page", want)
				}
			}
			for _, bad := range []string{"NaN", "<script", "http://www.w3.org/1999", "src=", "<b>"} {
				if strings.Contains(string(page), bad) {
					t.Errorf("%q is on the page", bad)
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
	if page, err := reported(t, TimeSplit, "popularity").HTML(); err != nil || !strings.Contains(string(page), "popularity reaches recall@20") {
		t.Errorf("one model's page says nothing: %v", err)
	}
	if page, err := (Report{}).HTML(); err != nil || !strings.Contains(string(page), "Nothing was measured") {
		t.Errorf("of nothing: %v", err)
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
