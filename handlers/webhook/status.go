package webhook

import (
	"fmt"
	"net/http"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// errorOf returns the error of a status: the stanza error that it means to the
// requester, or one for the log.
func errorOf(status int) error {
	e := &component.Error{Text: fmt.Sprintf("the service answers %d %s", status, http.StatusText(status))}
	switch status {
	case http.StatusBadRequest:
		e.Condition = stanza.BadRequest
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Condition = stanza.Forbidden
	case http.StatusNotFound:
		e.Condition = stanza.ItemNotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		e.Condition = stanza.FeatureNotImplemented
	case http.StatusConflict:
		e.Condition = stanza.Conflict
	case http.StatusTooManyRequests:
		e.Condition = stanza.ResourceConstraint
	case http.StatusServiceUnavailable: // RFC 9110, 15.6.4: likely to be better after some delay
		e.Condition, e.Type = stanza.ServiceUnavailable, stanza.Wait
	case http.StatusGatewayTimeout:
		e.Condition = stanza.RemoteServerTimeout
	default:
		return forLog(status)
	}
	return e
}

func forLog(status int) error {
	if status/100 == 3 {
		return fmt.Errorf("status %d %s: redirects are not followed", status, http.StatusText(status))
	}
	return fmt.Errorf("status %d %s", status, http.StatusText(status))
}
