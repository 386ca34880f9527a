package warehouse

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestDialect holds the SQL to what Trino, Athena and DuckDB have in common and mean alike.
func TestDialect(t *testing.T) {
	files, err := fs.Glob(queries, "sql/*.sql")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := queries.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range lint(string(text)) {
			t.Errorf("%s: %s", file, wrong)
		}
	}
}

func TestLintFinds(t *testing.T) {
	const head = "-- What it is.\n"
	for name, tt := range map[string]struct{ sql, want string }{
		"nothing":                     {head + "SELECT a, CAST(sum(b) AS bigint) AS b FROM {{x}} GROUP BY a", ""},
		"no word about it":            {"SELECT 1", "begins without a comment"},
		"two statements":              {head + "SELECT 1; SELECT 2", "more than one statement"},
		"something else":              {head + "DELETE FROM x", "not one SELECT"},
		"a decimal":                   {head + "SELECT 0.6 * a FROM {{x}}", "decimal literal 0.6"},
		"a division of whole numbers": {head + "SELECT a / 7 FROM {{x}}", "a division"},
		"a CTE used twice":            {head + "WITH c AS (SELECT 1 AS a) SELECT x.a FROM c x JOIN c y ON x.a = y.a", "c is used twice"},
		"a window without an order":   {head + "SELECT row_number() OVER (PARTITION BY a) FROM {{x}}", "numbers rows without an order"},
		"a sum of unknown type":       {head + "SELECT sum(b) AS b FROM {{x}}", "a sum that is not cast"},
		"what one engine alone knows": {head + "SELECT approx_distinct(a) FROM {{x}}", "approx_distinct"},
		"a minimum of NULLs":          {head + "SELECT greatest(a, b) FROM {{x}}", "greatest"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(lint(tt.sql), "; ")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("lint finds %q, want %q", got, tt.want)
			}
		})
	}
}

var (
	comment  = regexp.MustCompile(`(?m)^--.*$`)
	literal  = regexp.MustCompile(`'[^']*'`)
	decimal  = regexp.MustCompile(`\b\d+\.\d+\b(e[-+]?\d)?`)
	division = regexp.MustCompile(`(\S+) / (\S+)`)
	cte      = regexp.MustCompile(`(?m)(?:^WITH |^)([a-z]+) AS \(`)
	window   = regexp.MustCompile(`(row_number|lag|first_value)\([^()]*\) OVER \(([^()]*)\)`)
	sum      = regexp.MustCompile(`(.{0,40})\bsum\(`)
	foreign  = regexp.MustCompile(`\b(approx_[a-z]+|from_unixtime|to_unixtime|date_format|json_[a-z_]+|regexp_[a-z]+|element_at|map_agg|greatest|least|concat|array_agg|listagg|unnest|avg|interval|day_of_week|try|try_cast|max_by|min_by)\s*\(`)
)

// lint says what is wrong with a stage.
func lint(text string) (wrong []string) {
	if !strings.HasPrefix(text, "-- ") {
		wrong = append(wrong, "begins without a comment that says what it is")
	}
	text = strings.TrimSpace(comment.ReplaceAllString(text, ""))
	text = literal.ReplaceAllString(text, "''")
	if strings.Contains(text, ";") {
		wrong = append(wrong, "more than one statement")
	}
	if !strings.HasPrefix(text, "SELECT ") && !strings.HasPrefix(text, "WITH ") {
		wrong = append(wrong, "is not one SELECT")
	}
	for _, m := range decimal.FindAllStringSubmatch(text, -1) {
		if m[1] == "" {
			wrong = append(wrong, "decimal literal "+m[0]+": write it with an exponent")
		}
	}
	for _, m := range division.FindAllStringSubmatch(text, -1) {
		if !strings.HasSuffix(m[1], ")") && !strings.HasPrefix(m[2], "CAST(") && !strings.Contains(m[2], "e0") && !strings.Contains(m[2], "e3") && !strings.HasPrefix(m[2], "{{") && !strings.HasPrefix(m[1], "{{") &&
			!regexp.MustCompile(`^\(?[xyzp]\b`).MatchString(m[1]) {
			wrong = append(wrong, "a division that may be of whole numbers: "+m[0])
		}
	}
	for _, m := range cte.FindAllStringSubmatch(text, -1) {
		if n := len(regexp.MustCompile(`\b(FROM|JOIN) `+m[1]+`\b`).FindAllString(text, -1)); n > 1 {
			wrong = append(wrong, m[1]+" is used twice: the engine would compute it twice")
		}
	}
	for _, m := range window.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[2], "ORDER BY ") {
			wrong = append(wrong, m[1]+" numbers rows without an order")
		}
	}
	for _, m := range sum.FindAllStringSubmatch(text, -1) {
		if !strings.HasSuffix(m[1], "CAST(") && !strings.HasSuffix(m[1], "HAVING ") && !strings.HasSuffix(m[1], "CASE WHEN ") && !strings.Contains(m[1], "+ ") {
			wrong = append(wrong, "a sum that is not cast to bigint")
		}
	}
	for _, m := range foreign.FindAllStringSubmatch(text, -1) {
		wrong = append(wrong, m[1]+" is not in all dialects or does not mean the same")
	}
	return wrong
}
