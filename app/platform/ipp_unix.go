//go:build unix

package platform

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	osuser "os/user"
	"strconv"
)

// The few bytes of the Internet Printing Protocol that deleting a job takes: RFC 8010 for how they are written, RFC 8011 §4.3.3 for
// Cancel-Job. The attribute purge-job is CUPS's own.
const (
	ippVersion   = 0x0101
	ippCancelJob = 0x0008

	ippOperation = 0x01 // begins the attributes of the operation
	ippEnd       = 0x03

	ippBoolean  = 0x22
	ippName     = 0x42
	ippURI      = 0x45
	ippCharset  = 0x47
	ippLanguage = 0x48
)

// purgeRequest deletes a job and its data.
func purgeRequest(job int32, user string) []byte {
	b := binary.BigEndian.AppendUint16(nil, ippVersion)
	b = binary.BigEndian.AppendUint16(b, ippCancelJob)
	b = binary.BigEndian.AppendUint32(b, 1) // number of the request
	b = append(b, ippOperation)
	for _, a := range []struct {
		tag         byte
		name, value string
	}{
		{ippCharset, "attributes-charset", "utf-8"},
		{ippLanguage, "attributes-natural-language", "en"},
		{ippURI, "job-uri", "ipp://localhost/jobs/" + strconv.Itoa(int(job))},
		{ippName, "requesting-user-name", user},
		{ippBoolean, "purge-job", "\x01"},
	} {
		b = append(b, a.tag)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(a.name))), a.name...)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(a.value))), a.value...)
	}
	return append(b, ippEnd)
}

// userName is that of the person whose job it is.
func userName() string {
	if u, err := osuser.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// overSocket is a client of the server at a socket of this computer.
func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

// sendIPP sends a request; an errKept unless it was done.
func sendIPP(client *http.Client, request *http.Request) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: HTTP status %d", errKept, answer.StatusCode)
	}
	var head [4]byte // version and status
	if _, err := io.ReadFull(answer.Body, head[:]); err != nil {
		return err
	}
	if status := binary.BigEndian.Uint16(head[2:]); status >= 0x100 {
		return fmt.Errorf("%w: IPP status %#04x", errKept, status)
	}
	return nil
}
