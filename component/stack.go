package component

// roomy has the stack of its goroutine grow to what a handler takes, while next to
// nothing is on it. Later, below a dozen of calls, the runtime would have to adjust
// each of them, and that again at each doubling.
//
//go:noinline
func roomy(i int) byte {
	var room [4 << 10]byte
	return room[i]
}
