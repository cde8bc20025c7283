// Package check holds the checks that the configurations of several handlers
// share. What is refused at the start need not fail in front of a user.
package check

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"mellium.im/xmpp/jid"
)

// Text reports what keeps s from being written as XML 1.0 (section 2.2).
func Text(s string) error {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return fmt.Errorf("%q is not UTF-8", s)
			}
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("%q has the character U+%04X, which XML forbids", s, r)
		}
	}
	return nil
}

// Lang reports what keeps s from having the form of a language tag (RFC 5646,
// 2.1).
func Lang(s string) error {
	for _, sub := range strings.Split(s, "-") {
		plain := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
		if len(sub) == 0 || len(sub) > 8 || strings.TrimFunc(sub, plain) != "" {
			return fmt.Errorf("%q is no language tag, such as \"en\"", s)
		}
	}
	return nil
}

// URI reports what keeps s from being a whole URI that leads somewhere.
func URI(s string) error {
	if err := Text(s); err != nil {
		return err
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.ContainsAny(s, " \t\r\n"):
		return fmt.Errorf("%q is no URI", s)
	case !u.IsAbs():
		return fmt.Errorf("%q is no URI: write xmpp:, mailto: or https: in front", s)
	case u.Host == "" && u.Opaque == "":
		return fmt.Errorf("%q is no URI: nothing follows the scheme", s)
	}
	return target(u)
}

// target checks what follows the schemes that contact addresses have.
func target(u *url.URL) error {
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return fmt.Errorf("%q has no host", u)
		}
	case "mailto": // RFC 6068, 2
		if !strings.Contains(strings.Trim(u.Opaque, "@"), "@") {
			return fmt.Errorf("%q has no mail address", u)
		}
	case "xmpp": // RFC 5122, 2.2
		if u.Opaque == "" {
			return nil // an account to authenticate with follows
		}
		path, err := url.PathUnescape(u.Opaque)
		if err == nil {
			_, err = jid.Parse(path)
		}
		if err != nil {
			return fmt.Errorf("%q has no JID: %w", u, err)
		}
	}
	return nil
}

// All returns the first error of the texts, with the name of its key in front.
func All(texts ...[2]string) error {
	for _, t := range texts {
		if err := Text(t[1]); err != nil {
			return fmt.Errorf("%s: %w", t[0], err)
		}
	}
	return nil
}
