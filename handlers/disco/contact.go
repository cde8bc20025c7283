package disco

import "github.com/iqd-xmpp/iqd/component"

const (
	nsForm       = "jabber:x:data"
	nsServerInfo = "http://jabber.org/network/serverinfo"
)

// A field is one kind of contact.
type field struct {
	name string
	uris []string
}

// fields returns all kinds, in the order of XEP-0157, 7.1.
func (c Contact) fields() []field {
	return []field{
		{"abuse", c.Abuse}, {"admin", c.Admin}, {"feedback", c.Feedback}, {"sales", c.Sales},
		{"security", c.Security}, {"status", c.Status}, {"support", c.Support},
	}
}

// A form is the contacts that there are.
type form []field

// newForm returns nil when there is nothing to tell.
func newForm(c Contact) component.Payload {
	var f form
	for _, kind := range c.fields() {
		if len(kind.uris) > 0 {
			f = append(f, field{kind.name + "-addresses", kind.uris})
		}
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// EncodeXML writes the form of XEP-0157, 3 as XEP-0128, 2 wants it.
func (f form) EncodeXML(e *component.Encoder) {
	e.Start(nsForm, "x")
	e.Attr("type", "result")
	encodeField(e, "FORM_TYPE", "hidden", nsServerInfo)
	for _, kind := range f {
		encodeField(e, kind.name, "list-multi", kind.uris...)
	}
	e.End()
}

func encodeField(e *component.Encoder, name, typ string, values ...string) {
	e.Start("", "field")
	e.Attr("var", name)
	e.Attr("type", typ)
	for _, v := range values {
		e.Start("", "value")
		e.Text(v)
		e.End()
	}
	e.End()
}
