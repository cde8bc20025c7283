package iqdcmd

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// credstore is where systemd looks for what LoadCredential= of our units names.
const credstore = "/etc/credstore"

// secretPlace names the place that our secret really came from.
func (d *doctor) secretPlace() change {
	const same = "the secret, the same as the server's"
	switch d.source {
	case "$" + secretVariable:
		return change{"the environment", secretVariable + ": " + same}
	case "credential " + secretCredential:
		return change{"the systemd credential " + secretCredential, same + "; in " + d.credential() + " where iqd's unit says no other place"}
	case "secret_file":
		c := d.ours("", "component", "secret_file")
		return change{d.conf.path(d.conf.Component.SecretFile) + " (secret_file of " + c.file + ")", same}
	}
	return d.ours("secret, the same as the server's", "component", "secret")
}

// credential returns the file that the unit of our configuration loads the secret
// from: iqd.service for config.toml, and iqd@NAME.service for NAME.toml.
func (d *doctor) credential() string {
	name := strings.TrimSuffix(filepath.Base(d.app.config), ".toml")
	if name == "config" {
		return credstore + "/" + secretCredential
	}
	return credstore + "/iqd." + name + ".secret"
}

// otherSecret warns of a credential that wins over the secret that was found,
// once iqd is started by its unit.
func (d *doctor) otherSecret() {
	name := d.credential()
	text, err := fs.ReadFile(d.root, strings.TrimPrefix(name, "/"))
	f := finding{mark: doubt, what: "secret"}
	switch {
	case errors.Is(err, fs.ErrPermission):
		f.mark = open
		f.seen = name + " may be there, and is not for this user to read: run doctor with sudo to have it compared"
	case err != nil || strings.TrimRight(string(text), "\r\n") == d.cfg.Secret:
		return
	default:
		f.seen = name + " has another secret than " + d.secretPlace().file + ", which is tried here"
		f.cause = "the unit of iqd loads that file, and what is in it wins: two places for one secret"
		f.change = []change{
			{name, "the secret, the same as the server's"},
			{"in a shell", "sudo rm " + shellWord(name) + ", and restart iqd"},
		}
	}
	d.add(f)
}
