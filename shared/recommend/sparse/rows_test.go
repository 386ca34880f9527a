package sparse

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

func TestTranspose(t *testing.T) {
	var m Rows
	m.Append([]item.Ordinal{0, 2}, []float32{1, 2})
	m.Append(nil, nil)
	m.Append([]item.Ordinal{2, 9}, []float32{3, 4})
	want := Rows{Offsets: []uint32{0, 1, 1, 3}, Items: []item.Ordinal{0, 0, 2}, Values: []float32{1, 2, 3}}
	if diff := cmp.Diff(want, m.Transpose(3)); diff != "" {
		t.Errorf("transposed (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		m    Rows
		good bool
	}{
		"fits":                           {Rows{[]uint32{0, 1, 2}, []item.Ordinal{0, 1}, nil}, true},
		"fits with values":               {Rows{[]uint32{0, 1, 2}, []item.Ordinal{0, 1}, []float32{1, 2}}, true},
		"no offsets":                     {Rows{}, false},
		"too few offsets":                {Rows{[]uint32{0, 2}, []item.Ordinal{0, 1}, nil}, false},
		"offsets that begin after zero":  {Rows{[]uint32{1, 1, 2}, []item.Ordinal{0, 1}, nil}, false},
		"offsets that run backwards":     {Rows{[]uint32{0, 3, 2}, []item.Ordinal{0, 1}, nil}, false},
		"offsets that end before items":  {Rows{[]uint32{0, 1, 1}, []item.Ordinal{0, 1}, nil}, false},
		"an item that does not exist":    {Rows{[]uint32{0, 1, 2}, []item.Ordinal{0, 2}, nil}, false},
		"values that do not match items": {Rows{[]uint32{0, 1, 2}, []item.Ordinal{0, 1}, []float32{1}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.m.Check("weights", 2, 2)
			if tt.good && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !tt.good && !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}
