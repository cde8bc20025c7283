package exec

import "errors"

// A Record lets a test say when children start and end.
type Record struct{ r record }

// NewRecord returns that of a worker that has had no child.
func NewRecord() *Record { return new(Record) }

// Begin is the start of a child.
func (r *Record) Begin() { r.r.begin() }

// End is its end.
func (r *Record) End() { r.r.end(errors.New("exit status 1")) }

// Trouble is what is wrong, or nothing.
func (r *Record) Trouble() string {
	if err := r.r.trouble(); err != nil {
		return err.Error()
	}
	return ""
}
