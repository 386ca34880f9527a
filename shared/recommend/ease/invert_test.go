package ease

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// positive is a random positive definite matrix, its upper triangle alone: what is below must not be read.
func positive(random *rand.Rand, n int) (upper []float64, whole *mat.SymDense) {
	x := mat.NewDense(n+3, n, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = random.NormFloat64()
	}
	var product mat.Dense
	product.Mul(x.T(), x)
	upper, whole = make([]float64, n*n), mat.NewSymDense(n, nil)
	for i := range n {
		for j := range n {
			upper[i*n+j] = math.NaN()
			if j >= i {
				v := product.At(i, j)
				if i == j {
					v += 5
				}
				upper[i*n+j] = v
				whole.SetSym(i, j, v)
			}
		}
	}
	return upper, whole
}

// TestInverseEqualsTheNaiveOne compares with Gauss' elimination on the whole matrix, at sizes around those of tiles, pieces and panels.
func TestInverseEqualsTheNaiveOne(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 128, 129, 131, 136, 200, 257, 300} {
		t.Run(fmt.Sprint(n, " items"), func(t *testing.T) {
			got, whole := positive(random, n)
			want := naive(whole)
			if ok, err := invert(t.Context(), got, n); !ok || err != nil {
				t.Fatalf("not inverted: %v, %v", ok, err)
			}
			for i := range n {
				for j := range n {
					if v := got[i*n+j]; !(math.Abs(v-want[i][j]) <= 1e-10) || v != got[j*n+i] {
						t.Fatalf("(%d, %d) is %v and (%d, %d) is %v, want %v", i, j, v, j, i, got[j*n+i], want[i][j])
					}
				}
			}
		})
	}
}

// naive is Gauss-Jordan elimination beside the identity.
func naive(m *mat.SymDense) [][]float64 {
	n := m.SymmetricDim()
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, 2*n)
		for j := range n {
			rows[i][j] = m.At(i, j)
		}
		rows[i][n+i] = 1
	}
	for p := range rows {
		scale := 1 / rows[p][p]
		for j := range rows[p] {
			rows[p][j] *= scale
		}
		for i := range rows {
			if factor := rows[i][p]; i != p {
				for j := range rows[i] {
					rows[i][j] -= factor * rows[p][j]
				}
			}
		}
	}
	for i := range rows {
		rows[i] = rows[i][n:]
	}
	return rows
}

func TestWhatIsNotPositiveDefiniteIsRefused(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		for _, at := range []int{0, 130} { // in the first block, and behind it
			m, _ := positive(random, 140)
			m[at*140+at] = bad
			if ok, err := invert(t.Context(), m, 140); ok || err != nil {
				t.Errorf("%v at %d: inverted: %v, %v", bad, at, ok, err)
			}
		}
	}
}

func TestInverseStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := invert(ctx, []float64{1}, 1); err == nil {
		t.Error("no error")
	}
}

// TestTiles holds the processor's own tile to the plain one.
func TestTiles(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	for _, k := range []int{1, 2, 3, 128} {
		const stride = 11
		a, b := numbers(random, k*tileRows), numbers(random, k*tileColumns)
		plain := numbers(random, 3*stride+tileColumns)
		fast := append([]float64(nil), plain...)
		before := append([]float64(nil), plain...)
		tilePlain(k, a, b, plain, stride)
		tile(k, a, b, fast, stride)
		for at := range plain {
			if math.Abs(plain[at]-fast[at]) > 1e-12*float64(k) {
				t.Errorf("%d steps: number %d is %v, want %v", k, at, fast[at], plain[at])
			}
			if inside := at%stride < tileColumns; inside == (fast[at] == before[at]) {
				t.Errorf("%d steps: number %d was %v and is %v", k, at, before[at], fast[at])
			}
		}
	}
}

func numbers(random *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for at := range out {
		out[at] = random.NormFloat64()
	}
	return out
}

// BenchmarkTile is one step of the inner loop, in billions of additions and multiplications a second.
func BenchmarkTile(b *testing.B) {
	random := rand.New(rand.NewPCG(9, 9))
	left, right, c := numbers(random, panel*tileRows), numbers(random, panel*tileColumns), numbers(random, tileRows*tileColumns)
	for name, tile := range map[string]func(int, []float64, []float64, []float64, int){"this-processor": tile, "plain": tilePlain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tile(panel, left, right, c, tileColumns)
			}
			b.ReportMetric(2*panel*tileRows*tileColumns*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
		})
	}
}

func BenchmarkInverse(b *testing.B) {
	for _, n := range []int{500, 1500, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := make([]float64, n*n)
			for b.Loop() {
				b.StopTimer()
				for i := range n {
					for j := i; j < n; j++ {
						m[i*n+j] = 1 / float64(1+j-i)
					}
					m[i*n+i] += 3
				}
				b.StartTimer()
				if ok, err := invert(b.Context(), m, n); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
