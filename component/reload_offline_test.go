package component_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// What a server says last may come in one piece with a request. Nothing of that
// runs any more, so that a reload without a stream waits for nothing.
func TestReloadOffline(t *testing.T) {
	for how, last := range map[string]string{"end": "</stream:stream>", "syntax": "<!-- -->"} {
		t.Run(how, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					sp := &spy{}
					s := newSolo(t, quiet(muxOf(t, sp.ext("urn:x", quick))))
					s.up()
					s.srv.Refuse(-1)
					s.send(iq("get", s.id(), juliet, domain, "<q xmlns='urn:x'/>") + last)
					time.Sleep(5 * time.Second)
					if took := s.took(func() { _ = s.comp.Reload(muxOf(t), component.Limits{}) }); took > time.Second {
						t.Errorf("Reload() took %s", took)
					}
					if got := sp.String(); got != "run end close" {
						t.Errorf("the extension that is gone: %s", got)
					}
				})
			})
		})
	}
}
