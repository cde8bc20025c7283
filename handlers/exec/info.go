package exec

// An info is the result of iqd/info: what a child was not given at its start.
type info struct {
	JID      string     `json:"jid"`
	Hosts    []string   `json:"hosts"`
	Name     string     `json:"name"`
	Version  string     `json:"version"`
	Protocol int        `json:"protocol"`
	Limits   infoLimits `json:"limits"`
}

type infoLimits struct {
	MaxReplyBytes  int   `json:"max_reply_bytes"`
	MaxAnswerBytes int   `json:"max_answer_bytes"`
	MaxInFlight    int   `json:"max_in_flight"`
	OwnIQs         int   `json:"own_iqs"`
	TimeoutMS      int64 `json:"timeout_ms"`
}

func (p *pool) info() info {
	return info{
		JID: p.env.JID, Hosts: p.env.Hosts, Name: p.env.Name, Version: "iqd " + p.env.Version, Protocol: protocol,
		Limits: infoLimits{
			MaxReplyBytes: p.env.Limits.MaxReplyBytes, MaxAnswerBytes: p.cfg.MaxAnswerBytes,
			MaxInFlight: p.env.MaxInFlight, OwnIQs: p.cfg.OwnIQs, TimeoutMS: p.env.Limits.HandlerTimeout.Milliseconds(),
		},
	}
}
