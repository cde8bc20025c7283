// Package xtime answers XEP-0202: Entity Time, in the format of XEP-0082: XMPP
// Date and Time Profiles. It is not called as its folder is, for that is the name
// of the package that it needs most.
package xtime

import (
	"context"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// NS is the namespace of entity time (XEP-0202, 2).
const NS = "urn:xmpp:time"

// Config is the [handlers.time] section.
type Config struct {
	Timezone string `toml:"timezone"` // such as "Europe/Berlin" or "UTC"; empty: that of the machine
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config { return Config{} }

// New returns an extension that tells the time and how far the zone is from UTC
// now, daylight saving time included. A zone that the machine's time zone
// database does not have is an error.
func New(cfg Config, _ component.Env) (component.Extension, error) {
	return newWith(cfg, time.Now)
}

func newWith(cfg Config, now func() time.Time) (component.Extension, error) {
	zone := time.Local
	if cfg.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(cfg.Timezone); err != nil {
			return component.Extension{}, fmt.Errorf("timezone: %w", err)
		}
	}
	tell := func(context.Context, *component.Request) (component.Payload, error) {
		return instant(now().In(zone)), nil
	}
	return component.Extension{Name: "time", Routes: []component.Route{{
		Name:  xml.Name{Space: NS, Local: "time"},
		Get:   component.HandlerFunc(tell),
		Quick: true,
	}}}, nil
}

// An instant is a time in the zone that is told.
type instant time.Time

// EncodeXML writes the time element of XEP-0202, 2, in the order of its schema.
// XEP-0082, 3.2: the zone is a number or Z, but the schema of tzo wants a number.
func (i instant) EncodeXML(e *component.Encoder) {
	t := time.Time(i)
	e.Start(NS, "time")
	e.Start("", "tzo")
	e.Text(offset(t))
	e.End()
	e.Start("", "utc")
	e.Text(t.UTC().Format("2006-01-02T15:04:05Z"))
	e.End()
	e.End()
}

// offset returns how far t's zone is from UTC, as +hh:mm or -hh:mm. A zone of the
// past may be off by seconds, which cannot be told.
func offset(t time.Time) string { return t.Format("-07:00") }
