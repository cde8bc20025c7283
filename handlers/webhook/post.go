package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"golang.org/x/net/http/httpguts"
)

// newHeader returns what is the same in each request.
func newHeader(cfg Config, env component.Env) (http.Header, error) {
	head := http.Header{"User-Agent": {strings.TrimSuffix("iqd/"+env.Version, "/")}}
	for name, value := range cfg.Headers {
		head.Set(name, value)
	}
	head.Set("Content-Type", "application/json")
	head.Set("Accept", "application/json")
	token, err := readLine(env.StateDir, cfg.TokenFile)
	if err == nil && !httpguts.ValidHeaderFieldValue(string(token)) {
		err = errors.New("the token has a character that HTTP forbids")
	}
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	if token != nil {
		head.Set("Authorization", "Bearer "+string(token))
	}
	return head, nil
}

// post sends a body. A repeatable one is sent again by net/http when a connection
// that was kept turns out to be closed.
func (h *hook) post(ctx context.Context, body []byte, repeatable bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.target.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = h.header.Clone()
	if h.key != nil {
		h.sign(req.Header, body, time.Now())
	}
	if repeatable {
		req.Header["Idempotency-Key"] = []string{} // net/http reads it and sends none
	}
	resp, err := h.client.Do(req)
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // without the URL, and its query
	}
	return resp, err
}

// sign adds the time and the signature: the HMAC-SHA256 (RFC 2104) of the time as
// it is written, a full stop and the body. With the time a receiver can tell a
// request that somebody else sends again.
func (h *hook) sign(head http.Header, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	head.Set("X-Iqd-Timestamp", stamp)
	head.Set("X-Iqd-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
}
