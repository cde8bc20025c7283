package component

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// splitAddress cuts an address at its first slash and the first at sign before
// it (RFC 7622, 3.1). It validates nothing.
func splitAddress(s string) (local, domain, resource string) {
	bare, resource, _ := strings.Cut(s, "/")
	if i := strings.IndexByte(bare, '@'); i >= 0 {
		return bare[:i], bare[i+1:], resource
	}
	return "", bare, resource
}

// bareOf returns an address without its resource.
func bareOf(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i]
	}
	return s
}

// domainOf returns the domain of an address.
func domainOf(s string) string {
	_, domain, _ := splitAddress(s)
	return domain
}

// addressable reports whether s has the outer shape of a JID: no part that is
// announced is empty, and none is longer than 1023 bytes (RFC 7622, 3). Which
// characters may be in it is the server's business.
func addressable(s string) bool {
	bare := bareOf(s)
	if len(bare) < len(s) && (len(s) == len(bare)+1 || len(s)-len(bare)-1 > 1023) {
		return false
	}
	domain := bare
	if i := strings.IndexByte(bare, '@'); i >= 0 {
		domain = bare[i+1:]
		if i == 0 || i > 1023 || strings.IndexByte(domain, '@') >= 0 {
			return false
		}
	}
	return domain != "" && len(domain) <= 1023
}

// fold returns an address as servers compare it: host and local part normalised
// and without case, the host without its last dot, the resource normalised.
func fold(s string) string {
	if plainLower(s) {
		return s
	}
	local, domain, resource := splitAddress(s)
	out := foldPart(strings.TrimSuffix(domain, "."))
	if strings.IndexByte(bareOf(s), '@') >= 0 {
		out = foldPart(local) + "@" + out
	}
	if len(bareOf(s)) < len(s) {
		out += "/" + norm.NFKC.String(strings.Map(visible, resource))
	}
	return out
}

func foldPart(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.Map(visible, s))))
}

// visible drops what servers map to nothing (RFC 3454, B.1): ejabberd routes an
// address with such characters to us as it was typed.
func visible(r rune) rune {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x1806, r >= 0x180B && r <= 0x180D, r >= 0x200B && r <= 0x200D,
		r == 0x2060, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF:
		return -1
	}
	return r
}

// plainLower reports whether folding leaves s alone for certain.
func plainLower(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	bare := bareOf(s)
	return len(bare) > 0 && bare[len(bare)-1] != '.'
}
