package webhook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const maxLine = 4096 // bytes of a secret or a token

// path returns the path of a file of the configuration.
func path(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// readLine returns what a file of one line holds; nil if none is named.
func readLine(dir, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path(dir, name))
	if err != nil {
		return nil, err
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	switch {
	case line == "":
		return nil, errors.New(name + " is empty")
	case len(line) > maxLine || strings.ContainsAny(line, "\n\r\x00"):
		return nil, errors.New(name + " holds more than a line of text")
	}
	return []byte(line), nil
}

// warnings returns what is wrong, but not fatal, with how secrets are kept and
// sent.
func (h *hook) warnings(cfg Config, dir string) error {
	var found []string
	for _, f := range [][2]string{{"secret_file", cfg.SecretFile}, {"token_file", cfg.TokenFile}, {"key_file", cfg.KeyFile}} {
		fi, err := os.Stat(path(dir, f[1]))
		if f[1] != "" && err == nil && fi.Mode().Perm()&0o004 != 0 {
			found = append(found, fmt.Sprintf("%s: %s can be read by every user of this machine", f[0], f[1]))
		}
	}
	if h.target.far && !h.target.tls {
		found = append(found, "url: without https all on the way can read and change what is said")
	}
	if len(found) == 0 {
		return nil
	}
	return errors.New(strings.Join(found, "; "))
}
