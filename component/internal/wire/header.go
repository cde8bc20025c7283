package wire

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

// Header is what the peer's stream header says (RFC 6120, 4.7).
type Header struct {
	Name                        xml.Name
	Space                       string // the default namespace, as jabber:component:accept
	ID, From, To, Lang, Version string
	HasID                       bool
}

// maxHeader bounds all that comes up to the end of the stream header; maxDecl
// bounds an XML declaration.
const (
	maxHeader = 64 << 10
	maxDecl   = 1 << 10
)

const byteOrderMark, declStart, declEnd = "\uFEFF", "<?xml", "?>"

// Header reads the stream header with what may be before it: a byte order mark
// and an XML declaration. It is called once, before Next, and has its errors.
func (r *Reader) Header() (Header, error) {
	steps := []func() error{r.readMark, r.readDecl, r.readSpace, r.readTag}
	for r.err == nil {
		err := steps[r.step]()
		read := r.in.offset() + int64(len(r.in.bytes()))
		switch {
		case err == nil && r.step == len(steps)-1:
			return r.header()
		case err == nil:
			r.step++
		case err == errMore && read < maxHeader:
			if err = r.in.fill(maxHeader); err == io.EOF && read > 0 {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return Header{}, err
			}
		case err == errMore:
			r.err = &SyntaxError{Condition: condPolicyViolation, Text: "a stream header that is too long", Offset: maxHeader}
		default:
			r.err = r.located(err)
		}
	}
	return Header{}, r.err
}

// begins reports whether the buffer begins with s.
func (r *Reader) begins(s string) (bool, error) {
	b := r.in.bytes()
	if len(b) < len(s) && strings.HasPrefix(s, string(b)) {
		return false, errMore
	}
	return bytes.HasPrefix(b, []byte(s)), nil
}

// readMark drops a byte order mark (RFC 6120, 11.6).
func (r *Reader) readMark() error {
	ok, err := r.begins(byteOrderMark)
	if ok {
		r.in.drop(len(byteOrderMark))
	}
	return err
}

// readDecl drops an XML declaration (RFC 6120, 11.5).
func (r *Reader) readDecl() error {
	ok, err := r.begins(declStart)
	if err != nil || !ok {
		return err
	}
	b := r.in.bytes()[len(declStart):]
	n := bytes.Index(b[:min(len(b), maxDecl)], []byte(declEnd))
	switch {
	case n >= 0:
	case len(b) < maxDecl:
		return errMore
	default:
		return malformed(0, "an XML declaration that is too long")
	}
	if err := r.checkDecl(string(b[:n])); err != nil {
		return err
	}
	r.in.drop(len(declStart) + n + len(declEnd))
	return nil
}

// checkDecl checks what is between <?xml and ?> (XML 1.0, 2.8): attributes in
// all but name, which come in order.
func (r *Reader) checkDecl(decl string) error {
	r.check.lim = r.lim
	s := "<a" + decl + "/>"
	if err := r.check.check(s); err != nil || r.check.pos != len(s) {
		return malformed(0, "a bad XML declaration")
	}
	names := []string{"version", "encoding", "standalone"}
	for a := range elementAt(s, "", nil).rawAttrs() {
		for len(names) > 0 && names[0] != a.name {
			if names[0] == "version" {
				return malformed(0, "an XML declaration without version")
			}
			names = names[1:]
		}
		switch {
		case len(names) == 0:
			return malformed(0, "a bad XML declaration")
		case a.name == "version" && a.value != "1.0":
			return malformed(0, "a version of XML other than 1.0")
		case a.name == "encoding" && !strings.EqualFold(a.value, "utf-8"):
			return &SyntaxError{Condition: condUnsupportedEnc, Text: "an encoding other than UTF-8"}
		case a.name == "standalone" && a.value != "yes" && a.value != "no":
			return malformed(0, "a bad XML declaration")
		}
		names = names[1:]
	}
	if len(names) == 3 {
		return malformed(0, "an XML declaration without version")
	}
	return nil
}

// readSpace drops white space. A start tag has to follow.
func (r *Reader) readSpace() error {
	b := r.in.bytes()
	n := len(b) - len(bytes.TrimLeft(b, spaces))
	r.in.drop(n)
	switch b = b[n:]; {
	case len(b) > 0 && b[0] != '<':
		return malformed(0, "a stream header was expected")
	case len(b) < 2:
		return errMore
	case b[1] == '/':
		return malformed(0, "an end tag in place of a stream header")
	case b[1] == '?' || b[1] == '!':
		return r.betweenMarkup(b)
	}
	return nil
}

// readTag reads the start tag.
func (r *Reader) readTag() error {
	ev, err := r.frame.scan(r.in.bytes(), r.lim.Depth)
	switch {
	case err != nil:
		return err
	case ev == frameDone:
		return &SyntaxError{Condition: condBadFormat, Text: "a stream that ends with its header"}
	case ev != frameHead:
		return errMore
	}
	return nil
}

// header reads what the start tag says.
func (r *Reader) header() (Header, error) {
	raw := string(r.in.bytes()[:r.frame.head])
	var st Stanza
	err := r.examine(raw, &st)
	switch {
	case err != errShort:
		if err == nil {
			err = malformed(0, "a bad stream header")
		}
	case st.Name.Space != NSStreams || st.Name.Local != "stream":
		err = &SyntaxError{Condition: condInvalidNamespace, Text: "the first element is no stream header"}
	default:
		err = nil
	}
	if err != nil {
		r.err = r.located(err)
		return Header{}, r.err
	}
	tag := enter(raw, 0, "", nil)
	r.scope, r.space, r.name = tag.scope, tag.space, raw[1:tag.attrs]
	r.check.around, r.check.space = r.scope, r.space
	r.check.nAround = r.scope.depth()
	r.in.drop(len(raw))
	version, _ := Element{raw, tag}.Attr("version")
	return Header{Name: st.Name, Space: tag.space, ID: st.ID, From: st.From, To: st.To,
		Lang: st.Lang, Version: version, HasID: st.HasID}, nil
}
