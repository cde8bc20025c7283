//go:build linux

package load

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets of which each is a 64th wider than the
// one before: an error of less than one per cent, and no allocation.
type histogram struct {
	count [60 * 64]uint32
	n     int
	max   int64
}

func (h *histogram) add(ns int64) {
	h.count[bucket(ns)]++
	h.n++
	h.max = max(h.max, ns)
}

// bucket returns the bucket of a duration: its highest bit, and the six after it.
func bucket(ns int64) int {
	if ns < 64 {
		return int(max(ns, 0))
	}
	shift := bits.Len64(uint64(ns)) - 7
	return shift<<6 + int(ns>>shift)
}

// middle is the duration in the middle of a bucket.
func middle(i int) int64 {
	if i < 128 {
		return int64(i)
	}
	shift := i>>6 - 1
	return int64(i&63|64)<<shift + 1<<shift/2
}

// quantile returns the duration that so many in a thousand do not exceed.
func (h *histogram) quantile(permille int) time.Duration {
	left := h.n * permille / 1000
	for i, c := range h.count {
		if left -= int(c); left < 0 {
			return time.Duration(min(middle(i), h.max))
		}
	}
	return time.Duration(h.max)
}

func (h *histogram) summary() Latency {
	return Latency{N: h.n, P50: h.quantile(500), P99: h.quantile(990), Max: time.Duration(h.max)}
}
