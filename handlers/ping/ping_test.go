package ping_test

import (
	"testing"

	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/ping"
)

// Checklist 58.
func TestConversations(t *testing.T) {
	componenttest.Run(t, componenttest.Extension(ping.New()), "testdata/*.iq")
}
