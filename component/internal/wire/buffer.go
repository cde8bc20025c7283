package wire

import "io"

// The sizes of a buffer: what it begins with, what it keeps when it is nearly
// empty, and the least space to read into.
const (
	bufferStart = 64 << 10
	bufferKeep  = 256 << 10
	bufferRead  = 16 << 10
)

// buffer holds what was read and not used yet.
type buffer struct {
	r    io.Reader
	buf  []byte
	from int   // the first byte not used yet
	gone int64 // how many bytes were before buf
	err  error // to return once the bytes that came with it are used
}

// bytes returns what is buffered.
func (b *buffer) bytes() []byte { return b.buf[b.from:] }

// drop removes the first n bytes.
func (b *buffer) drop(n int) { b.from += n }

// offset returns how many bytes were dropped since the beginning.
func (b *buffer) offset() int64 { return b.gone + int64(b.from) }

// emptyReads is how many reads without bytes or error are borne in a row.
const emptyReads = 100

// fill reads once. It returns an error only when it has read nothing. The buffer
// grows to hold most bytes and what is read behind them.
func (b *buffer) fill(most int) error {
	b.makeRoom(most + bufferStart)
	for range emptyReads {
		if err := b.err; err != nil {
			b.err = nil
			return err
		}
		n, err := b.r.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		b.err = err
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// makeRoom moves what is left to the beginning, or into a larger or smaller
// buffer, when there is no space to read into. As many bytes are read as are
// moved, or the time would be quadratic.
func (b *buffer) makeRoom(most int) {
	left, size := len(b.buf)-b.from, cap(b.buf)
	switch {
	case size == 0, size > bufferKeep && left <= bufferStart/2:
		size = bufferStart
	case left == 0:
	case size-len(b.buf) >= bufferRead:
		return
	case left > size/2:
		size = max(min(2*size, most), size)
	}
	into := b.buf[:0]
	if size != cap(b.buf) {
		into = make([]byte, 0, size)
	}
	b.buf, b.gone, b.from = append(into, b.bytes()...), b.gone+int64(b.from), 0
}
