package webhook

import (
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// smallBody is what is read of a body that nobody needs, for the connection to be
// of use again.
const smallBody = 4 << 10

// answer returns what a response says to the call of that number.
func (h *hook) answer(resp *http.Response, number uint64) (plugin.Message, error) {
	switch resp.StatusCode {
	case http.StatusNoContent:
		return plugin.Empty(), nil
	case http.StatusOK:
		return h.message(resp, number)
	}
	return h.refusal(resp, number)
}

// message reads the JSON-RPC answer to the call of that number.
func (h *hook) message(resp *http.Response, number uint64) (plugin.Message, error) {
	text, err := h.read(resp)
	if err != nil {
		return plugin.Message{}, err
	}
	m, err := plugin.Decode(text)
	switch {
	case err != nil:
		return m, err
	case m.Method != "":
		return m, fmt.Errorf("a request where the answer was expected: %s", plugin.Clip(text))
	case m.Number() != number:
		return m, fmt.Errorf("an answer to %s, not to %d", plugin.Clip(m.ID), number)
	}
	return m, nil
}

// read returns the body of a response that is JSON of a bearable length.
func (h *hook) read(resp *http.Response) ([]byte, error) {
	kind := resp.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
		return nil, fmt.Errorf("Content-Type is %s, not application/json", plugin.Clip(kind))
	}
	if code := resp.Header.Get("Content-Encoding"); code != "" && code != "identity" {
		return nil, fmt.Errorf("Content-Encoding is %s, which nobody asked for", plugin.Clip(code))
	}
	tooLong := fmt.Errorf("an answer of more than %d bytes", h.longest)
	if resp.ContentLength > int64(h.longest) {
		return nil, tooLong
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, int64(h.longest)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read answer: %w", err)
	case len(text) > h.longest:
		return nil, tooLong
	}
	return text, nil
}

// refusal returns what a response with another status than success says: its
// JSON-RPC error, or what the status means.
func (h *hook) refusal(resp *http.Response, number uint64) (plugin.Message, error) {
	if m, err := h.message(resp, number); err == nil && m.Error != nil {
		return m, nil
	}
	if 0 < resp.ContentLength && resp.ContentLength <= smallBody {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	status := resp.StatusCode
	if status == http.StatusUnauthorized { // a mistake of ours, whoever asked
		h.log.Warn("webhook does not know us: see token_file and secret_file", slog.String("url", h.target.shown))
	}
	err := errorOf(status)
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return plugin.Message{}, temporary{err}
	}
	return plugin.Message{}, err
}
