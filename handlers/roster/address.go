package roster

import (
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// ownerOf returns the bare JID of the owner in normal form: who asks, and a server
// that delegates lets them ask for others too. Its error is a jid-malformed or a
// forbidden.
func ownerOf(req *component.Request) (string, error) {
	if req.Via == "" {
		if bare, _ := cut(req.From); plain(bare) {
			return bare, nil
		}
	}
	j, err := req.Owner()
	if err != nil {
		return "", err
	}
	owner := j.Bare().String()
	if req.Via != "" { // RFC 6121, 2.3.3: only an account's own resources
		bare, _ := cut(req.From)
		if asker, err := normal(bare); err != nil || asker != owner {
			return "", component.Errorf(stanza.Forbidden, "a roster is for its owner alone")
		}
	}
	return owner, nil
}

// normal returns an address as RFC 7622 normalises it.
func normal(s string) (string, error) {
	if plain(s) {
		return s, nil
	}
	j, err := jid.Parse(s)
	if err != nil {
		return "", err
	}
	return j.String(), nil
}

// cut returns the bare address and the resource (RFC 7622, 3.1).
func cut(s string) (bare, resource string) {
	bare, resource, _ = strings.Cut(s, "/")
	return bare, resource
}

// plain reports whether s is a bare JID that is normal for certain: most are, and
// to parse one costs more than to store it.
func plain(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 1023 || len(domain) > 253 {
		return false
	}
	for i := 0; i < len(local); i++ {
		if !lower(local[i]) && local[i] != '.' && local[i] != '-' && local[i] != '_' {
			return false
		}
	}
	return plainDomain(domain)
}

// plainDomain reports whether s is made of labels of letters and digits with
// single hyphens between them, which no rule of IDNA changes.
func plainDomain(s string) bool {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && lower(s[i]) {
			continue
		}
		if i == start || i-start > 63 {
			return false // an empty label, a hyphen at its edge, or one too long
		}
		if i < len(s) && s[i] == '-' {
			if i+1 == len(s) || !lower(s[i+1]) || s[i-1] == '-' {
				return false
			}
			continue
		}
		if i < len(s) && s[i] != '.' {
			return false
		}
		start = i + 1
	}
	return true
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
