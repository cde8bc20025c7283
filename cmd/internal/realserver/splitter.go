package realserver

import (
	"encoding/xml"
	"io"
)

// splitter cuts a stream into its stanzas, byte for byte.
type splitter struct {
	dec  *xml.Decoder
	from io.Reader
	buf  []byte // what was read and not yet handed out
	base int64  // the offset of buf in the stream
}

func newSplitter(r io.Reader) *splitter {
	s := &splitter{from: r}
	s.dec = xml.NewDecoder(s)
	return s
}

// Read is the decoder's: it keeps a copy of all that passes.
func (s *splitter) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.buf = append(s.buf, p[:n]...)
	return n, err
}

// next returns the next child of the stream's root.
func (s *splitter) next() (string, error) {
	if s.base == 0 {
		if err := s.header(); err != nil {
			return "", err
		}
	}
	for {
		start := s.dec.InputOffset()
		tok, err := s.dec.Token()
		if err != nil {
			return "", err
		}
		switch tok.(type) {
		case xml.StartElement:
			if err := s.dec.Skip(); err != nil {
				return "", err
			}
			s.drop(start)
			stanza := string(s.buf[:s.dec.InputOffset()-start])
			s.drop(s.dec.InputOffset())
			return stanza, nil
		case xml.EndElement:
			return "", io.EOF
		}
	}
}

// header reads up to the start tag of the root.
func (s *splitter) header() error {
	for {
		tok, err := s.dec.Token()
		if err != nil {
			return err
		}
		if _, ok := tok.(xml.StartElement); ok {
			s.drop(s.dec.InputOffset())
			return nil
		}
	}
}

// drop forgets what lies before an offset in the stream.
func (s *splitter) drop(offset int64) {
	s.buf = s.buf[offset-s.base:]
	s.base = offset
}
