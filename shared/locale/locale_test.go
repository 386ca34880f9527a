package locale

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	c := New(map[string]map[Key]string{"de": {ShelfNew: "Frisch eingetroffen"}})
	tests := map[string]struct {
		wanted []string
		key    Key
		want   string
	}{
		"nothing wanted is English":            {nil, ShelfForYou, "For you"},
		"a region falls back to its language":  {[]string{"fr-CA"}, ShelfForYou, "Pour vous"},
		"a browser's list is understood":       {[]string{"pl, ru;q=0.8, en;q=0.5"}, ShelfForYou, "Для вас"},
		"the first wish that fits wins":        {[]string{"xx-nonsense-!", "de-AT", "fr"}, ShelfForYou, "Für Sie"},
		"a shop's own words come before ours":  {[]string{"de"}, ShelfNew, "Frisch eingetroffen"},
		"an unknown key shows itself":          {[]string{"en"}, "no.such.key", "no.such.key"},
		"a language we do not have is English": {[]string{"ja"}, ShelfNew, "New in the shop"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := c.Choose(tt.wanted...).Text(tt.key).With("x"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEveryTextIsCompleteInEveryLanguage(t *testing.T) {
	for k, columns := range texts {
		for i, s := range columns {
			if s == "" {
				t.Errorf("%s has no text in %s", k, languages[i])
			}
			if strings.Contains(s, "%s") != strings.Contains(columns[0], "%s") || strings.Count(s, "%") > 1 {
				t.Errorf("%s in %s has other placeholders than in English: %q", k, languages[i], s)
			}
		}
	}
}
