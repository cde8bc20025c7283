package disco_test

import (
	"context"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/disco"
)

// XEP-0050, 2.1 and 2.2: the ad-hoc commands of other extensions are told to those
// who may run them.
func TestCommandsOfOtherExtensions(t *testing.T) {
	run := func(context.Context, *component.Step) (*component.Stage, error) { return nil, nil }
	inn := component.Extension{Name: "inn", Access: component.LocalUsers, Commands: []component.Command{
		{Node: "hours", Run: run},
		{Node: "book", Name: "Book a table", Run: run, Allow: func(req *component.Request) bool { return strings.HasPrefix(req.From, "juliet@") }},
	}}
	componenttest.Run(t, componenttest.Extension(inn, extension(t, disco.DefaultConfig())), "testdata/commands/*.iq")
}
