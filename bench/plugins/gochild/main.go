// Command gochild is the benchmark's plugin in Go, as one writes it with the
// standard library: it sends back an empty element of the name that it was asked
// with. What is in its buffer when no more requests are there goes out at once.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A request is what iqd writes, as far as it matters here.
type request struct {
	ID     *uint64 `json:"id"` // nil: a notification
	Method string  `json:"method"`
	Params struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"params"`
}

type answer struct {
	Version string   `json:"jsonrpc"`
	ID      uint64   `json:"id"`
	Result  *result  `json:"result,omitempty"`
	Error   *problem `json:"error,omitempty"`
}

type result struct {
	Payload string `json:"payload"`
}

type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers each line until there are no more.
func serve(r io.Reader, w io.Writer) error {
	in, out := bufio.NewReaderSize(r, 64<<10), bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		if err := reply(enc, line); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write the answers: %w", err)
			}
		}
	}
}

func reply(enc *json.Encoder, line []byte) error {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return fmt.Errorf("read a request: %w", err)
	}
	if req.ID == nil {
		return nil
	}
	a := answer{Version: "2.0", ID: *req.ID}
	if req.Method == "iq" {
		a.Result = &result{fmt.Sprintf("<%s xmlns='%s'/>", req.Params.Name, req.Params.Namespace)}
	} else {
		a.Error = &problem{-32601, "no method " + req.Method}
	}
	if err := enc.Encode(a); err != nil {
		return fmt.Errorf("write the answers: %w", err)
	}
	return nil
}
