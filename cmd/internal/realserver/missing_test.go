package realserver_test

import (
	"runtime"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// verdict is a testing.TB that keeps how its test ended.
type verdict struct {
	testing.TB
	word string
}

func (v *verdict) Helper()               {}
func (v *verdict) Fatalf(string, ...any) { v.end("failed") }
func (v *verdict) Skipf(string, ...any)  { v.end("skipped") }
func (v *verdict) end(word string)       { v.word = word; runtime.Goexit() }

// A server that is not there is a reason to skip, and on CI a failure.
func TestMissingServer(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short no server is looked for")
	}
	t.Setenv("PATH", t.TempDir())
	for ci, want := range map[string]string{"": "skipped", "1": "failed"} {
		t.Setenv("CI", ci)
		for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
			v, done := &verdict{TB: t}, make(chan struct{})
			go func() {
				defer close(done)
				realserver.Start(v, kind, realserver.Options{})
			}()
			<-done
			if v.word != want {
				t.Errorf("CI=%q: %s %s, want %s", ci, kind, v.word, want)
			}
		}
	}
}
