package wire

import "encoding/xml"

// Stanza is a top-level element of the stream, with its head: what is needed to
// route it. All strings are slices of Raw unless a reference had to be resolved.
type Stanza struct {
	// Raw is the whole element as received; for a skipped one its start tag, or
	// nothing when that was not readable.
	Raw string

	// Name is the name of the element; the stream's declarations are in scope.
	Name xml.Name

	// Type, ID, From and To are attributes in no namespace, Lang is xml:lang.
	// References are resolved; other bytes are as received, line ends too.
	Type, ID, From, To, Lang string

	// HasType and so on tell an empty attribute from a missing one.
	HasType, HasID, HasFrom, HasTo bool

	Payload  xml.Name // of the first child element
	Children int      // how many child elements there are
	Text     bool     // text other than white space beside them
	Size     int64    // bytes on the wire

	// Skipped is nil, or why the rest was not kept: a *LimitError, or the
	// *SyntaxError of a prefix that is not declared inside the element. Of the
	// head there is what came before that.
	Skipped error

	scope *scope // the stream's prefixes
	outer string // the stream's default namespace
	inner string // the default namespace inside the element
	head  int    // where its start tag ends

	// Of the first child: where it begins and ends, the end of its name and of its
	// start tag, counted from its beginning, and whether one of the two elements
	// declares prefixes or the child has one.
	first, firstEnd, firstName, firstHead int
	prefixes                              bool
}

// Element returns the stanza itself; the zero Element when it was skipped.
func (st *Stanza) Element() Element {
	if st.Skipped != nil || st.Raw == "" {
		return Element{}
	}
	return elementAt(st.Raw, st.outer, st.scope)
}

// First returns the first child element, or the zero Element.
func (st *Stanza) First() Element {
	if st.Children == 0 || st.Skipped != nil {
		return Element{}
	}
	raw := st.Raw[st.first:st.firstEnd]
	if st.prefixes {
		return elementAt(raw, st.inner, enter(st.Raw, 0, st.outer, st.scope).scope)
	}
	return Element{raw, startTag{
		from: 1, attrs: int32(st.firstName), end: int32(st.firstHead), empty: st.firstHead == len(raw),
		space: st.Payload.Space, scope: st.scope,
	}}
}
