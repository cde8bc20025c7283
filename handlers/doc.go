// Package handlers joins the handlers of this module to the names that a
// configuration calls them by.
//
// A handler lives in a package of its own, named as its section: handlers/ping
// answers for [handlers.ping]. Its package comment names the XEPs that it
// implements. A program that adds handlers of its own takes the standard registry
// and puts them in:
//
//	reg := handlers.Standard()
//	reg["weather"] = handlers.With(weather.DefaultConfig, weather.New)
package handlers
