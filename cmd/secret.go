package iqdcmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The places of the secret outside the file.
const (
	secretVariable   = "IQD_SECRET"
	secretCredential = "iqd.secret" // of systemd: LoadCredential= and SetCredential=
	maxSecretBytes   = 4096
)

// Secret returns the secret that we share with the server, and where it was
// found. The first of these wins: the variable IQD_SECRET, the systemd credential
// iqd.secret, the file that secret_file names, the key secret.
func (c *Config) Secret(getenv func(string) string) (secret, source string, err error) {
	if s := getenv(secretVariable); s != "" {
		if err := checkSecret(s); err != nil {
			return "", "", fmt.Errorf("read secret: $%s %w", secretVariable, err)
		}
		return s, "$" + secretVariable, nil
	}
	if dir := getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		s, err := readSecret(filepath.Join(dir, secretCredential))
		if !errors.Is(err, os.ErrNotExist) {
			return s, "credential " + secretCredential, err
		}
	}
	if c.Component.SecretFile != "" {
		s, err := readSecret(c.path(c.Component.SecretFile))
		if err != nil {
			err = c.doc.errorf([]string{"component", "secret_file"}, "%w", err)
		}
		return s, "secret_file", err
	}
	if c.Component.Secret == "" {
		return "", "", c.missing("component", "secret", "or secret_file, or $"+secretVariable+", or the systemd credential "+secretCredential)
	}
	return c.Component.Secret, "secret", nil
}

// readSecret reads a file of one line.
func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	s := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if err := checkSecret(s); err != nil {
		return "", fmt.Errorf("read secret: %s %w", name, err)
	}
	return s, nil
}

// checkSecret refuses what no server's file can hold as a secret, wherever it
// comes from. The error follows the name of the place.
func checkSecret(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > maxSecretBytes || strings.ContainsAny(s, "\n\r\x00"):
		return errors.New("holds more than a line of text")
	}
	return nil
}

// secretWarnings returns what is wrong, but not fatal, with how the secret is
// kept.
func (c *Config) secretWarnings(secret, source string) []string {
	name, at := c.doc.name, "component.secret"
	if source == "secret_file" {
		name, at = c.path(c.Component.SecretFile), "component.secret_file"
	}
	kept := source == "secret_file" || source == "secret" && secret != exampleSecret
	if fi, err := os.Stat(name); kept && err == nil && fi.Mode().Perm()&0o004 != 0 {
		return []string{fmt.Sprintf("%s: %s can be read by every user of this machine", at, name)}
	}
	return nil
}

// path returns a path of the file: a relative one is relative to the folder that
// the file is in.
func (c *Config) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.doc.name), name)
}
