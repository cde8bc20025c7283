package iqdcmd

import (
	"cmp"
	"errors"
	"slices"
)

// mostMistakes is how many mistakes of a file are told. Who reads more of them has
// given us the file of another program.
const mostMistakes = 20

// moreMistakes stands for as many mistakes that are not told.
type moreMistakes int

func (n moreMistakes) Error() string { return "and " + count(int(n), "more mistake", "more mistakes") }

// sortErrors joins errors in the order of their places: the first of them, and how
// many more there are.
func sortErrors(errs []error) error {
	all, more := flatten(errs)
	slices.SortStableFunc(all, func(a, b error) int {
		var x, y *FileError
		if !errors.As(a, &x) || !errors.As(b, &y) {
			return 0
		}
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Col, y.Col))
	})
	if len(all) > mostMistakes {
		more += moreMistakes(len(all) - mostMistakes)
		all = all[:mostMistakes]
	}
	if more > 0 {
		all = append(all, rest(all[0], more))
	}
	return errors.Join(all...)
}

// rest returns an error that names the file of another, and none of its lines.
func rest(one error, more moreMistakes) error {
	var e *FileError
	if errors.As(one, &e) {
		return &FileError{File: e.File, Err: more}
	}
	return more
}

// flatten returns errors one by one that were joined before, and how many were
// left out then.
func flatten(errs []error) (all []error, more moreMistakes) {
	for _, err := range errs {
		var left moreMistakes
		joined, ok := err.(interface{ Unwrap() []error })
		switch {
		case err == nil:
		case ok:
			in, n := flatten(joined.Unwrap())
			all, more = append(all, in...), more+n
		case errors.As(err, &left):
			more += left
		default:
			all = append(all, err)
		}
	}
	return all, more
}
