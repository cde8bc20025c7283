package component_test

import (
	"context"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// A command of two stages: a form, and what comes of it. What the first stage
// knows is in the closure that is the next one.
func ExampleCommand() {
	lamps := map[string]bool{"kitchen": false}
	choose := func(context.Context, *component.Step) (*component.Stage, error) {
		return &component.Stage{
			Form: &component.Form{Title: "Switch a lamp on", Fields: []component.Field{
				{Var: "lamp", Label: "Lamp", Required: true, Options: []component.Option{{Label: "In the kitchen", Value: "kitchen"}}},
			}},
			Next: func(_ context.Context, step *component.Step) (*component.Stage, error) {
				lamp := step.Values.Get("lamp") // one of the options, or Next would not be called
				if lamps[lamp] {
					return nil, component.Errorf(stanza.Conflict, "it is on already")
				}
				return component.Completed("The lamp in the %s is on.", lamp), nil
			},
		}, nil
	}
	mux := component.NewMux()
	err := mux.Add(component.Extension{Name: "lamps", Access: component.LocalUsers, Commands: []component.Command{
		{Node: "on", Name: "Switch a lamp on", Run: choose},
	}})
	fmt.Println(err)
	// Output:
	// <nil>
}
