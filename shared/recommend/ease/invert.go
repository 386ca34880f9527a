package ease

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

const (
	panel = 128 // rows that are swept at once: three panels of it and a block of rows stay in the caches
	rows  = 64  // of one piece of work
)

// sweep inverts a positive definite matrix in place by the symmetric sweep operator (Goodnight 1979), block by block. For the rows K of a block, with D the inverse of A(K, K):
//
//	A(i, j) -= A(i, K) D A(K, j)    A(K, j) = D A(K, j)    A(K, K) = -D
//
// After all blocks A is minus its inverse. Only the upper triangle is read and written, and n^3 additions and multiplications are all there is, nearly all of them in the first step, which is the product
// of two panels and runs on all processors.
type sweep struct {
	a     []float64 // n x n, row by row; the upper triangle counts
	n     int
	width int       // n rounded up to whole tiles
	left  []float64 // A(K, .) in strips of tileRows columns
	right []float64 // A(K, .), then D A(K, .), in strips of tileColumns columns
	held  []float64 // the other one of the two
	d     []float64 // minus D, in strips of tileRows columns
}

// invert replaces a positive definite matrix by its inverse, in place, both triangles; false when it is not positive definite. The context is looked at between blocks.
func invert(ctx context.Context, a []float64, n int) (bool, error) {
	width := (n + tileColumns - 1) / tileColumns * tileColumns
	s := &sweep{a: a, n: n, width: width, left: make([]float64, width*panel), right: make([]float64, width*panel), held: make([]float64, width*panel), d: make([]float64, panel*panel)}
	for from := 0; from < n; from += panel {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !s.block(from, min(from+panel, n)) {
			return false, nil
		}
	}
	s.mirror()
	return true, nil
}

// block sweeps the rows from..to.
func (s *sweep) block(from, to int) bool {
	k := to - from
	d, ok := s.corner(from, k)
	if !ok {
		return false
	}
	s.gather(from, k)
	beside((s.width+rows-1)/rows, func(piece int) { // D A(K, .)
		for j := piece * rows; j < min((piece+1)*rows, s.width); j += tileColumns {
			strip, out := s.held[j*k:(j+tileColumns)*k], s.right[j*k:(j+tileColumns)*k]
			clear(out)
			s.times(k, strip, out)
		}
	})
	beside((s.n+rows-1)/rows, func(piece int) { // the largest pieces come first
		for j := piece * rows; j < s.width; j += tileColumns {
			for i := piece * rows; i < min((piece+1)*rows, s.n, j+tileColumns); i += tileRows {
				s.update(k, i, j)
			}
		}
	})
	s.scatter(from, k, d)
	return true
}

// corner is the inverse of the block on the diagonal; s.d is made of it.
func (s *sweep) corner(from, k int) (d []float64, ok bool) {
	d = make([]float64, k*k)
	for r := range k {
		copy(d[r*k+r:(r+1)*k], s.a[(from+r)*s.n+from+r:(from+r)*s.n+from+k])
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: k, Data: d, Stride: k})
	if ok {
		_, ok = lapack64.Potri(factor)
	}
	clear(s.d)
	for r := range k {
		ok = ok && d[r*k+r] > 0 // infinity has the inverse 0
		for c := r; c < k; c++ {
			d[c*k+r] = d[r*k+c]
		}
	}
	for r := range k {
		for c := range k { // strip c/4, row r
			s.d[c/tileRows*tileRows*k+r*tileRows+c%tileRows] = -d[r*k+c]
		}
	}
	return d, ok
}

// gather copies A(K, .) into strips. Left of the block it is found above it, as the matrix is symmetric.
func (s *sweep) gather(from, k int) {
	put := func(r, j int, v float64) {
		s.left[j/tileRows*tileRows*k+r*tileRows+j%tileRows] = v
		s.held[j/tileColumns*tileColumns*k+r*tileColumns+j%tileColumns] = v
	}
	beside((s.width+rows-1)/rows, func(piece int) {
		for j := piece * rows; j < min((piece+1)*rows, s.width); j++ {
			for r := range k {
				switch {
				case j >= s.n:
					put(r, j, 0)
				case j < from+r:
					put(r, j, s.a[j*s.n+from+r])
				default:
					put(r, j, s.a[(from+r)*s.n+j])
				}
			}
		}
	})
}

// times makes a strip of D A(K, .) of a strip of A(K, .).
func (s *sweep) times(k int, strip, out []float64) {
	r := 0
	for ; r+tileRows <= k; r += tileRows {
		tile(k, s.d[r*k:(r+tileRows)*k], strip, out[r*tileColumns:], tileColumns)
	}
	if r == k {
		return
	}
	var edge [tileRows * tileColumns]float64
	tile(k, s.d[r*k:(r+tileRows)*k], strip, edge[:], tileColumns)
	copy(out[r*tileColumns:k*tileColumns], edge[:])
}

// update subtracts the product of a strip of the left panel and one of the right from a tile of the matrix. What is below the diagonal means nothing until mirror.
func (s *sweep) update(k, i, j int) {
	left, right := s.left[i*k:(i+tileRows)*k], s.right[j*k:(j+tileColumns)*k]
	if i+tileRows <= s.n && j+tileColumns <= s.n {
		tile(k, left, right, s.a[i*s.n+j:], s.n)
		return
	}
	var edge [tileRows * tileColumns]float64
	tile(k, left, right, edge[:], tileColumns)
	for r := range min(tileRows, s.n-i) {
		for c := range min(tileColumns, s.n-j) {
			s.a[(i+r)*s.n+j+c] += edge[r*tileColumns+c]
		}
	}
}

// scatter writes the block's own rows.
func (s *sweep) scatter(from, k int, d []float64) {
	for j := range s.n {
		strip := s.right[j/tileColumns*tileColumns*k+j%tileColumns:]
		for r := range k {
			switch {
			case j < from:
				s.a[j*s.n+from+r] = strip[r*tileColumns]
			case j >= from+k:
				s.a[(from+r)*s.n+j] = strip[r*tileColumns]
			case j >= from+r:
				s.a[(from+r)*s.n+j] = -d[r*k+j-from]
			}
		}
	}
}

// mirror turns the sign and copies the upper triangle to the lower one, in blocks that fit the first-level cache.
func (s *sweep) mirror() {
	n := s.n
	beside((n+rows-1)/rows, func(piece int) {
		top := piece * rows
		for left := top; left < n; left += rows {
			for i := top; i < min(top+rows, n); i++ {
				for j := max(left, i); j < min(left+rows, n); j++ {
					v := -s.a[i*n+j]
					s.a[i*n+j], s.a[j*n+i] = v, v
				}
			}
		}
	})
}

// beside does pieces of work on all processors.
func beside(pieces int, work func(piece int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), pieces) {
		all.Go(func() {
			for piece := int(next.Add(1)) - 1; piece < pieces; piece = int(next.Add(1)) - 1 {
				work(piece)
			}
		})
	}
	all.Wait()
}
