package handlers_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers"
)

// A doap is what doap.xml says of XEPs (XEP-0453, 4).
type doap struct {
	Project struct {
		Implements []struct {
			XEP *supportedXEP `xml:"https://linkmauve.fr/ns/xmpp-doap# SupportedXep"`
		} `xml:"http://usefulinc.com/ns/doap# implements"`
	} `xml:"http://usefulinc.com/ns/doap# Project"`
}

type supportedXEP struct {
	XEP struct {
		Resource string `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# resource,attr"`
	} `xml:"https://linkmauve.fr/ns/xmpp-doap# xep"`
	Status  string `xml:"https://linkmauve.fr/ns/xmpp-doap# status"`
	Version string `xml:"https://linkmauve.fr/ns/xmpp-doap# version"`
	Since   string `xml:"https://linkmauve.fr/ns/xmpp-doap# since"`
}

// Checklist 91: what is told to machines is what there is.
func TestDOAPIsWhatThereIs(t *testing.T) {
	var want []string
	for _, x := range handlers.XEPs() {
		want = append(want, fmt.Sprintf("https://xmpp.org/extensions/xep-%04d.html %s", x.Number, x.Version))
	}
	var got []string
	for _, x := range readDOAP(t) {
		got = append(got, x.XEP.Resource+" "+x.Version)
		if !slices.Contains([]string{"complete", "partial"}, x.Status) || x.Since == "" {
			t.Errorf("%s has the status %q, since %q", x.XEP.Resource, x.Status, x.Since)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("doap.xml has\n%q, want\n%q", got, want)
	}
}

func readDOAP(t *testing.T) (list []supportedXEP) {
	t.Helper()
	text, err := os.ReadFile("../doap.xml")
	if err != nil {
		t.Fatal(err)
	}
	var d doap
	if err := xml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, im := range d.Project.Implements {
		if im.XEP != nil {
			list = append(list, *im.XEP)
		}
	}
	return list
}
