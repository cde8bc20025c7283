package iqdcmd

import (
	"errors"
	"io"

	"github.com/iqd-xmpp/iqd/handlers"
)

// Takes returns what run says of the configuration file called name before it
// connects or listens.
func Takes(name string, reg handlers.Registry, getenv func(string) string) error {
	a := &app{world: World{Stderr: io.Discard, Getenv: getenv}, reg: reg, config: name}
	conf, err := a.load()
	if err != nil {
		return err
	}
	cfg, _, err := conf.Connection(getenv)
	if err != nil {
		return err
	}
	if _, err := conf.adminToken(); err != nil {
		return err
	}
	conf.Admin.Listen = "" // whether the port is free is no matter of the text
	log := newLogSink(conf.Log, io.Discard, false)
	defer log.writer.Close()
	d, err := a.newDaemon(conf, cfg, log)
	if err != nil {
		return err
	}
	d.sd.close()
	return errors.Join(err, d.set.close())
}
