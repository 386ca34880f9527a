package ease

// A tile is what fits the registers of a processor.
const (
	tileRows    = 4
	tileColumns = 8
)

// tilePlain subtracts A'B from a tile of C: a holds k rows of 4 numbers, b k rows of 8, c 4 rows of 8 that begin stride apart. On arm64 the compiler fuses the multiplications with the
// additions.
func tilePlain(k int, a, b, c []float64, stride int) {
	for half := 0; half < tileColumns; half += tileColumns / 2 { // 4 x 4 sums at a time
		for pair := 0; pair < tileRows; pair += 2 {
			subtract(k, a[pair:], b[half:], c[pair*stride+half:], stride)
		}
	}
}

// subtract does two rows of four columns.
func subtract(k int, a, b, c []float64, stride int) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float64
	for n := range k {
		x, y := a[n*tileRows:][:2], b[n*tileColumns:][:4]
		x0, x1 := x[0], x[1]
		s00 += x0 * y[0]
		s10 += x1 * y[0]
		s01 += x0 * y[1]
		s11 += x1 * y[1]
		s02 += x0 * y[2]
		s12 += x1 * y[2]
		s03 += x0 * y[3]
		s13 += x1 * y[3]
	}
	upper, lower := c[:4], c[stride:][:4]
	upper[0] -= s00
	upper[1] -= s01
	upper[2] -= s02
	upper[3] -= s03
	lower[0] -= s10
	lower[1] -= s11
	lower[2] -= s12
	lower[3] -= s13
}
