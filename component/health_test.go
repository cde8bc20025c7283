package component_test

import (
	"errors"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
)

// TestHealth: each extension that is served is asked, and one that panics is not
// well either.
func TestHealth(t *testing.T) {
	t.Parallel()
	tired := errors.New("tired")
	m := muxOf(t,
		component.Extension{Name: "mute"},
		component.Extension{Name: "well", Health: func() error { return nil }},
		component.Extension{Name: "ill", Health: func() error { return tired }},
		component.Extension{Name: "broken", Health: func() error { panic("on fire") }},
	)
	c, err := component.New(component.Config{JID: "iq.example.net", Server: "127.0.0.1:5347", Secret: "secret", Handler: m})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Health()
	if len(got) != 4 || got["mute"] != nil || got["well"] != nil || !errors.Is(got["ill"], tired) || got["broken"] == nil {
		t.Errorf("Health() = %v", got)
	}
	if err := c.Reload(muxOf(t, component.Extension{Name: "well"}), component.Limits{}); err != nil {
		t.Fatal(err)
	}
	if got := c.Health(); len(got) != 1 || got["well"] != nil {
		t.Errorf("after a reload, Health() = %v", got)
	}
}
