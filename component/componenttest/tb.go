package componenttest

import (
	"context"

	"github.com/iqd-xmpp/iqd/component"
)

// TB is what this package needs of a test. *testing.T, *testing.B and *testing.F
// have it all.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
}

// Extension returns a mux with nothing but these extensions. It panics when they
// cannot be served together.
func Extension(exts ...component.Extension) *component.Mux {
	mux := component.NewMux()
	for _, ext := range exts {
		if err := mux.Add(ext); err != nil {
			panic(err)
		}
	}
	return mux
}
