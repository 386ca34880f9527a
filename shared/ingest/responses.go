package ingest

import (
	"context"
	"errors"
	"io"
	"time"
)

// Campaign is what the rows of a finished campaign are, for Responses alone: an Importer takes no such file.
const Campaign Kind = "campaign"

// responseFields is the layout of a finished campaign: one row per person.
var responseFields = []field{
	{"arm", true, []string{"variant", "group", "treatment", "cell"}},
	userField,
	{"visit", false, []string{"visits", "visited"}},
	{"conversion", false, []string{"converted", "conversions", "purchased"}},
	{"orders", false, []string{"orderCount"}},
	{"spend", false, []string{"revenue", "amount"}},
	{"before", false, []string{"history", "spendBefore", "previousSpend"}},
	{"delivered", false, nil},
	{"opened", false, []string{"open"}},
	{"clicked", false, []string{"click"}},
	{"unsubscribed", false, []string{"unsubscribe"}},
	{"bounced", false, []string{"bounce"}},
}

// Response is what became of one person in a finished campaign.
type Response struct {
	Line      int
	Arm       string // as the file calls it; never empty
	User      string // the shop's id of the person; may be empty
	Converted bool   // ordered: what the file says, else whether there are orders or spend
	Orders    int64
	Spend     int64 // minor units
	Before    int64 // minor units, spent before the campaign

	Visited, Delivered, Opened, Clicked, Unsubscribed, Bounced bool
}

// Told says which columns a file of responses has.
type Told struct{ Visit, Orders, Before, Delivered bool }

// Responses reads the outcome of a finished campaign, one row per person, and hands every good row to each. job.As and job.Zone do not matter. Rows that break a rule are reported and the rest goes
// on; Result counts them.
func Responses(ctx context.Context, now func() time.Time, job Job, each func(Response, Told) error) (result Result, err error) {
	started := now()
	file, err := job.Open()
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	counted := &counter{in: file}
	text, err := Decompress(counted)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	rows, err := openRows(text)
	if err != nil {
		return result, damaged(err)
	}
	bound, err := bindLayout(Campaign, responseFields, job.Map, rows.header)
	if err != nil {
		return result, err
	}
	out := job.Report
	if out == nil {
		out = io.Discard
	}
	rejected, err := newReport(out)
	if err != nil {
		return result, err
	}
	in := &reader{bound: bound, currency: job.Currency}
	err = responses(ctx, rows, in, rejected, &result, each, func() {
		if job.Progress != nil {
			job.Progress(Progress{Read: counted.n, Rows: result.Rows})
		}
	})
	result.Seconds = now().Sub(started).Seconds()
	return result, errors.Join(err, rejected.end())
}

func responses(ctx context.Context, rows *rows, in *reader, rejected *report, result *Result, each func(Response, Told) error, progress func()) error {
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			progress()
			return nil
		}
		broken, ok := errors.AsType[*rowError](err)
		if err != nil && !ok {
			return damaged(err)
		}
		if result.Rows++; result.Rows%progressRows == 0 {
			progress()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if !ok {
			in.row, in.wrong = r, nil
			response, told := in.response()
			broken = in.wrong
			if broken == nil {
				result.Accepted++
				if err := each(response, told); err != nil {
					return err
				}
				continue
			}
		}
		result.Rejected++
		if err := rejected.add(broken); err != nil {
			return err
		}
	}
}

// response reads one row.
func (r *reader) response() (Response, Told) {
	told := Told{Visit: r.has("visit"), Orders: r.has("orders"), Before: r.has("before"), Delivered: r.has("delivered")}
	p := Response{
		Line: r.row.line, Arm: r.needed("arm", maxArm), User: r.optional("user", maxArm),
		Visited: r.flag("visit"), Orders: r.count("orders"), Spend: r.amount("spend"), Before: r.amount("before"),
		Delivered: r.flag("delivered"), Opened: r.flag("opened"), Clicked: r.flag("clicked"), Unsubscribed: r.flag("unsubscribed"), Bounced: r.flag("bounced"),
	}
	p.Converted = p.Orders > 0 || p.Spend > 0
	if r.has("conversion") {
		p.Converted = r.flag("conversion")
	}
	return p, told
}

// maxArm bounds names of arms and user ids.
const maxArm = 200

// has says whether the file has the column, or the row the member.
func (r *reader) has(field string) bool {
	if r.row.leaves == nil {
		_, ok := r.bound.positions[field]
		return ok
	}
	return r.text(field) != ""
}

// count is a whole number that is not negative.
func (r *reader) count(field string) int64 {
	n := r.integer(field, 0)
	if n < 0 {
		r.reject(field, "must not be negative", r.text(field))
	}
	return n
}

// amount is money that is not negative.
func (r *reader) amount(field string) int64 {
	n := r.money(field, r.currency)
	if n < 0 {
		r.reject(field, "must not be negative", r.text(field))
	}
	return n
}
