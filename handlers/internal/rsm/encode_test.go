package rsm_test

import (
	"context"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/internal/rsm"
)

// The order is that of the schema (XEP-0059, 8).
func TestEncode(t *testing.T) {
	const set = "<set xmlns='" + rsm.NS + "'>"
	for name, tc := range map[string]struct {
		page rsm.Page
		want string
	}{
		"a page":       {rsm.Page{From: 2, To: 5, Count: 10, Show: true}, set + "<count>10</count><first index='2'>f</first><last>j</last></set>"},
		"one item":     {rsm.Page{From: 9, To: 10, Count: 10, Show: true}, set + "<count>10</count><first index='9'>t</first><last>t</last></set>"},
		"empty page":   {rsm.Page{From: 10, To: 10, Count: 10, Show: true}, set + "<count>10</count></set>"},
		"nothing said": {rsm.Page{To: 10, Count: 10}, "<query xmlns='urn:example:list'/>"},
	} {
		t.Run(name, func(t *testing.T) {
			list := component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) {
				return component.PayloadFunc(func(e *component.Encoder) {
					e.Start("urn:example:list", "query")
					tc.page.Encode(e, func(i int) string { return letters[i : i+1] })
					e.End()
				}), nil
			})
			ext := component.Extension{Name: "list", Routes: []component.Route{{
				Name: xml.Name{Space: "urn:example:list", Local: "query"}, Get: list,
			}}}
			got := componenttest.Ask(t, componenttest.Extension(ext),
				"<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'><query xmlns='urn:example:list'/></iq>")
			if !strings.Contains(got, tc.want) {
				t.Errorf("answer = %s, want %s in it", got, tc.want)
			}
		})
	}
}
