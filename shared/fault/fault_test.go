package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKindOf(t *testing.T) {
	cause := errors.New("disk")
	tests := map[string]struct {
		err       error
		want      Kind
		retryable bool
	}{
		"an error nobody classified is ours":   {cause, Internal, false},
		"a fault keeps its kind under context": {fmt.Errorf("save: %w", Wrap(Unavailable, cause, "cannot store now")), Unavailable, true},
		"the outermost fault decides":          {Wrap(Invalid, New(Throttled, ""), ""), Invalid, false},
		"a named field is invalid input":       {InvalidField("slots", "a list"), Invalid, false},
		"throttled may be repeated":            {New(Throttled, ""), Throttled, true},
		"a conflict needs a fresh read first":  {New(Conflict, ""), Conflict, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := KindOf(tt.err); got != tt.want {
				t.Errorf("kind %s, want %s", got, tt.want)
			}
			if got := Retryable(tt.err); got != tt.retryable {
				t.Errorf("retryable %t", got)
			}
		})
	}
	if Is(nil, Internal) || Retryable(nil) {
		t.Error("no error is of no kind")
	}
}

func TestError(t *testing.T) {
	err := InvalidFields(Field{"batch[3].messageId", "too long"}, Field{"writeKey", "missing"})
	want := "invalid: the input is not valid; batch[3].messageId: too long; writeKey: missing"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if cause := errors.New("x"); !errors.Is(Wrap(Internal, cause, "d"), cause) {
		t.Error("the cause is lost")
	}
	if got := Kind(200).String(); got != "kind 200" {
		t.Errorf("an unknown kind is called %q", got)
	}
}
