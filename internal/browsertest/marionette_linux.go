package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// maxMarionetteMessage bounds what a confused peer can make us allocate.
const maxMarionetteMessage = 64 << 20

// marionette speaks Firefox's remote protocol: JSON messages, each after its length and a colon.
// A command is [0, id, name, parameters], its reply [1, id, error, result].
type marionette struct {
	conn   net.Conn
	reader *bufio.Reader
	lastID int
}

// newMarionette reads the greeting. The connection ends with the context.
func newMarionette(ctx context.Context, conn net.Conn) (*marionette, error) {
	context.AfterFunc(ctx, func() { conn.Close() })
	m := &marionette{conn: conn, reader: bufio.NewReader(conn)}
	_, err := m.read()
	return m, err
}

func (m *marionette) read() ([]byte, error) {
	length, err := m.reader.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 || n > maxMarionetteMessage {
		return nil, fmt.Errorf("marionette: message of length %q", length)
	}
	message := make([]byte, n)
	_, err = io.ReadFull(m.reader, message)
	return message, err
}

func (m *marionette) call(name string, parameters, result any) error {
	m.lastID++
	message, err := json.Marshal([]any{0, m.lastID, name, parameters})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(message), message); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	reply, err := m.read()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(reply, &parts); err != nil || len(parts) != 4 {
		return fmt.Errorf("%s: unexpected reply", name)
	}
	if failed := string(parts[2]); failed != "null" {
		return fmt.Errorf("%s: %s", name, failed)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(parts[3], result)
}
