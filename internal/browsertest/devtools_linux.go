package browsertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// devtools speaks the Chrome DevTools Protocol over two pipes: JSON messages, each ended by a NUL byte. Calls come one at a time.
type devtools struct {
	requests io.WriteCloser
	pipe     io.Closer // of replies
	replies  *bufio.Reader
	lastID   int
	output   *bytes.Buffer // what the browser printed, for error texts
}

// startDevtools starts a browser with --remote-debugging-pipe: it reads file descriptor 3 and writes 4.
func startDevtools(cmd *exec.Cmd) (*devtools, error) {
	theirIn, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	replies, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	d := &devtools{requests: requests, pipe: replies, replies: bufio.NewReader(replies), output: new(bytes.Buffer)}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Stderr = d.output
	err = cmd.Start()
	theirIn.Close()
	theirOut.Close()
	return d, err
}

func (d *devtools) close() error { return errors.Join(d.requests.Close(), d.pipe.Close()) }

// call waits for the reply to its request and passes over events. The context ends the browser, and that ends the pipe.
func (d *devtools) call(ctx context.Context, session, method string, parameters, result any) error {
	d.lastID++
	request := map[string]any{"id": d.lastID, "method": method}
	if parameters != nil {
		request["params"] = parameters
	}
	if session != "" {
		request["sessionId"] = session
	}
	message, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := d.requests.Write(append(message, 0)); err != nil {
		return d.broken(ctx, method, err)
	}
	for {
		message, err := d.replies.ReadBytes(0)
		if err != nil {
			return d.broken(ctx, method, err)
		}
		var reply struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(bytes.TrimSuffix(message, []byte{0}), &reply); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		switch {
		case reply.ID != d.lastID:
			continue
		case reply.Error != nil:
			return fmt.Errorf("%s: %s", method, reply.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(reply.Result, result)
	}
}

func (d *devtools) broken(ctx context.Context, method string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%s: %w; the browser said: %s", method, err, strings.TrimSpace(d.output.String()))
}
