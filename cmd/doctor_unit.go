package iqdcmd

import (
	"cmp"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A unit is a service of systemd as it is configured: what iqd and its plugins
// run inside.
type unit struct {
	name     string
	settings map[string]string // the last value of each
}

// unit returns the unit that runs iqd with this configuration, if one is
// installed: as systemd.unit(5) says, the drop-ins come after the unit itself, in
// the order of their names.
func (d *doctor) unit() (unit, bool) {
	name, _ := strings.CutSuffix(filepath.Base(d.app.config), ".toml")
	u := unit{name: "iqd@" + name + ".service", settings: map[string]string{}}
	file, dropIns := "iqd@.service", []string{"iqd@.service.d", u.name + ".d"}
	if name == "config" {
		u.name, file, dropIns = "iqd.service", "iqd.service", []string{"iqd.service.d"}
	}
	found := d.read1st(u, file)
	var confs []string
	for _, dir := range unitDirs() {
		for _, sub := range dropIns {
			list, _ := fs.Glob(d.root, path.Join(dir, sub, "*.conf")) // the pattern is good
			confs = append(confs, list...)
		}
	}
	slices.SortStableFunc(confs, func(a, b string) int { return cmp.Compare(path.Base(a), path.Base(b)) })
	for _, conf := range confs {
		u.add(d.root, conf)
	}
	return u, found
}

// unitDirs are where units are, those that win first.
func unitDirs() []string {
	return []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}
}

// read1st reads the unit from the first folder that has it.
func (d *doctor) read1st(u unit, file string) bool {
	return slices.ContainsFunc(unitDirs(), func(dir string) bool { return u.add(d.root, path.Join(dir, file)) })
}

// add reads the settings of a file, and reports whether it could.
func (u unit) add(root fs.FS, file string) bool {
	text, err := fs.ReadFile(root, file)
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") && !strings.HasPrefix(key, ";") {
			u.settings[key] = strings.ToLower(strings.TrimSpace(value))
		}
	}
	return err == nil
}

// on reports whether a setting of two values or more has one of those that close
// something.
func (u unit) on(key string) bool {
	return slices.Contains([]string{"yes", "true", "on", "1", "tmpfs"}, u.settings[key])
}
