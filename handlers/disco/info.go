package disco

import (
	"cmp"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/disco/info"
)

const nsXML = "http://www.w3.org/XML/1998/namespace"

// An infoReply is the answer to disco#info.
type infoReply struct {
	node
	component.Info
}

// The elements that there are many of.
var (
	identity = component.MustTag("identity", "category", "type", "name")
	feature  = component.MustTag("feature", "var")
)

// EncodeXML writes the query element of XEP-0030, 3.1.
func (r *infoReply) EncodeXML(e *component.Encoder) {
	r.start(e, NSInfo)
	for _, id := range r.Identities {
		e.StartTag(identity, id.Category, id.Type, id.Name)
		if id.Lang != "" {
			e.AttrNS(nsXML, "lang", id.Lang)
		}
		e.End()
	}
	for _, f := range r.Features {
		e.EmptyTag(feature, f)
	}
	for _, f := range r.Forms {
		f.EncodeXML(e)
	}
	e.End()
}

// sorted returns what an extension tells of its node in the order in which the
// component tells of itself. What the extension keeps stays as it is.
func sorted(inf component.Info) component.Info {
	if !slices.IsSorted(inf.Features) {
		inf.Features = slices.Sorted(slices.Values(inf.Features))
	}
	if !slices.IsSortedFunc(inf.Identities, byKind) {
		inf.Identities = slices.SortedFunc(slices.Values(inf.Identities), byKind)
	}
	return inf
}

func byKind(a, b info.Identity) int {
	return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Lang, b.Lang), cmp.Compare(a.Name, b.Name))
}
