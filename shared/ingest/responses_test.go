package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// answered reads a file of responses.
func answered(ctx context.Context, text string, columns map[string]string) (got []Response, told Told, result Result, rejected string, err error) {
	var report strings.Builder
	job := Job{Shop: "tea", Map: columns, Currency: "GBP", Report: &report, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	result, err = Responses(ctx, time.Now, job, func(r Response, t Told) error {
		got, told = append(got, r), t
		return nil
	})
	return got, told, result, report.String(), err
}

func TestResponses(t *testing.T) {
	tests := map[string]struct {
		text     string
		columns  map[string]string
		want     []Response
		told     Told
		rejected string
	}{
		"usual names": {
			text: "variant,customer,visited,converted,revenue,history\nA,u1,1,1,\"1,299.50\",10\nB,u2,0,0,,\n",
			want: []Response{{Line: 2, Arm: "A", User: "u1", Visited: true, Converted: true, Spend: 129950, Before: 1000}, {Line: 3, Arm: "B", User: "u2"}},
			told: Told{Visit: true, Before: true},
		},
		"a column by name; who spent has ordered": {
			text: "segment;spend;delivered;opened\r\nNo E-Mail;0;;\r\nMens;29.99;1;yes\r\n", columns: map[string]string{"arm": "segment"},
			want: []Response{{Line: 2, Arm: "No E-Mail"}, {Line: 3, Arm: "Mens", Converted: true, Spend: 2999, Delivered: true, Opened: true}}, told: Told{Delivered: true},
		},
		"one object a line": {
			text: `{"arm":"A","orders":2,"spend":5}` + "\n" + `{"arm":"B"}`,
			want: []Response{{Line: 1, Arm: "A", Orders: 2, Spend: 500, Converted: true}, {Line: 2, Arm: "B"}},
		},
		"rows that break a rule are left out": {
			text: "arm,orders,spend\nA,-1,0\n,1,1\nB,1,much\nB,1.5,1\nB,1,1\n", want: []Response{{Line: 6, Arm: "B", Orders: 1, Spend: 100, Converted: true}}, told: Told{Orders: true},
			rejected: "2,orders,must not be negative,-1\n3,arm,is missing,\n4,spend,must be an amount such as 12.75,much\n5,orders,must be a whole number of at most a billion,1.5\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, told, result, rejected, err := answered(t.Context(), tt.text, tt.columns)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("responses (-want +got):\n%s", diff)
			}
			if told != tt.told {
				t.Errorf("told %+v, want %+v", told, tt.told)
			}
			if want := "line,column,reason,value\n" + tt.rejected; rejected != want {
				t.Errorf("rejected:\n%s\nwant:\n%s", rejected, want)
			}
			if result.Accepted != int64(len(tt.want)) || result.Rows != result.Accepted+result.Rejected {
				t.Errorf("counts %+v", result)
			}
		})
	}
}

func TestResponsesEnd(t *testing.T) {
	if _, _, _, _, err := answered(t.Context(), "who,spend\nA,1\n", nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("without arms: %v, want Invalid", err)
	}
	if _, _, _, _, err := answered(t.Context(), "arm\nA\n", map[string]string{"price": "arm"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a field that is none: %v, want Invalid", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, _, _, err := answered(ctx, "arm\n"+strings.Repeat("A\n", 2*progressRows), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	full := errors.New("full")
	job := Job{Currency: "GBP", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("arm\nA\n")), nil }}
	if _, err := Responses(t.Context(), time.Now, job, func(Response, Told) error { return full }); !errors.Is(err, full) {
		t.Errorf("the receiver's error: %v", err)
	}
}

func FuzzResponses(f *testing.F) {
	f.Add([]byte("arm,user,visit,conversion,orders,spend,before\nA,u1,1,1,2,3.50,4\n"))
	f.Add([]byte(`{"arm":"A","spend":1e9,"orders":-1}`))
	f.Add([]byte("arm;spend\n\"A;1\n\"\"\n"))
	f.Add([]byte{0x1f, 0x8b, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		job := Job{Currency: "GBP", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
		n := int64(0)
		result, err := Responses(t.Context(), time.Now, job, func(r Response, _ Told) error {
			n++
			if r.Arm == "" || r.Spend < 0 || r.Orders < 0 || r.Before < 0 {
				t.Errorf("handed over %+v", r)
			}
			return nil
		})
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("ends with %v, want Invalid", err)
		}
		if result.Accepted != n || result.Rows != result.Accepted+result.Rejected {
			t.Errorf("%d handed over, counts %+v", n, result)
		}
	})
}
