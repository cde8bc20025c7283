package iqdcmd

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
)

// reloader returns where a reload is asked for, until ctx ends. One runs at a time,
// and one more is remembered. Nobody waits for its goroutine: it may hang in the
// reading of a file, which must not keep the process from ending.
func (d *daemon) reloader(ctx context.Context) chan<- struct{} {
	asked := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-asked:
				d.reload(ctx)
			}
		}
	}()
	return asked
}

// reload reads the configuration again. Whatever is wrong with it, what is in
// force stays in force.
func (d *daemon) reload(ctx context.Context) {
	d.sd.reloading()
	err := d.tryReload(ctx)
	if ctx.Err() != nil {
		return // we are stopping, which is all that there is to say
	}
	if err != nil {
		d.log.Error("reload failed, the old configuration stays in force", slog.Any("err", err))
	}
	d.sd.reloaded(err)
}

func (d *daemon) tryReload(ctx context.Context) error {
	conf, err := Load(d.app.config)
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return err
	}
	cfg, warnings, err := conf.Connection(d.app.world.Getenv)
	if err != nil {
		return err
	}
	set, err := conf.buildHandlers(d.app.reg, d.env, d.set, d.chain()...)
	if err != nil {
		return err
	}
	if err := d.comp.Reload(set.mux, component.Limits(conf.Limits)); err != nil {
		_ = set.close() // the error before says it all
		return fmt.Errorf("reload: %w", err)
	}
	d.set = set
	d.drain.Store(int64(conf.Limits.DrainTimeout))
	d.log.setLevel(conf.Log.Level)
	d.warn(warnings)
	if keys := needRestart(d.start, conf, d.secret != cfg.Secret); len(keys) > 0 {
		d.log.Warn("changed keys take effect at the next start only", slog.Any("keys", keys))
	}
	d.log.Info("reloaded", slog.Int("handlers", len(conf.Handlers)), slog.Int("kept", set.kept))
	return nil
}

// needRestart returns the keys that differ and that a reload does not change.
func needRestart(old, now *Config, secret bool) []string {
	keys := changedKeys("component", reflect.ValueOf(old.Component), reflect.ValueOf(now.Component))
	if secret && !slices.Contains(keys, "component.secret") {
		keys = append(keys, "component.secret")
	}
	for _, k := range []struct{ name, old, now string }{
		{"log.format", old.Log.Format, now.Log.Format},
		{"admin.listen", old.Admin.Listen, now.Admin.Listen},
		{"admin.token_file", old.Admin.TokenFile, now.Admin.TokenFile},
	} {
		if k.old != k.now {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// changedKeys returns the keys whose fields differ in two structs of a type.
func changedKeys(prefix string, old, now reflect.Value) []string {
	var keys []string
	for i := range old.NumField() {
		key := prefix + "." + old.Type().Field(i).Tag.Get("toml")
		switch a, b := old.Field(i), now.Field(i); {
		case a.Kind() == reflect.Struct:
			keys = append(keys, changedKeys(key, a, b)...)
		case !reflect.DeepEqual(a.Interface(), b.Interface()):
			keys = append(keys, key)
		}
	}
	return keys
}
