package ease

import "golang.org/x/sys/cpu"

// tileFMA is tile in 256-bit registers with fused multiply-adds, about eight times as fast. c has 8 numbers in each of 4 rows, k is above 0.
//
//go:noescape
func tileFMA(k int, a, b, c *float64, stride int)

var fused = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func tile(k int, a, b, c []float64, stride int) {
	if !fused {
		tilePlain(k, a, b, c, stride)
		return
	}
	_, _, _ = a[tileRows*k-1], b[tileColumns*k-1], c[(tileRows-1)*stride+tileColumns-1] // what the assembly does not check
	tileFMA(k, &a[0], &b[0], &c[0], stride)
}
