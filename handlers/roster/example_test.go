package roster_test

import (
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/memory"
)

// A component that keeps rosters as a server does, in memory here.
func ExampleNewWith() {
	rosters := memory.New(store.Limits{MaxItems: 100, MaxBytes: 100000, MaxOwners: 1000, MaxHistory: 50})

	mux := component.NewMux()
	if err := mux.Add(roster.NewWith(rosters, roster.DefaultConfig())); err != nil {
		fmt.Println(err)
	}
	// Hand mux to component.Run as Config.Handler.
}

// A mistake in the configuration is named by its key.
func ExampleNew() {
	cfg := roster.DefaultConfig()
	cfg.Store = "sqlite://roster.db"
	_, err := roster.New(cfg, component.Env{})
	fmt.Println(err)
	// Output:
	// store = "sqlite://roster.db": three slashes before an absolute path, or none: "sqlite:///roster.db"
}
