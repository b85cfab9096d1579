package mail

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/coffer-vault/coffer/cloud"
)

// ErrNoBounce is a message that does not say that a mail was given back: an answer of a person, a vacation, a report of a delay.
var ErrNoBounce = errors.New("not a report that a mail of ours was given back")

const (
	// maxReport bounds what is read of a message: headers of ours and a mail server's words are far less.
	maxReport = 1 << 20
	maxParts  = 16
)

// report is what a delivery status notification (RFC 3464) says, part by part.
type report struct {
	failed     bool
	status     string
	diagnostic string
	messageID  string // of the mail that it is about
}

// ParseBounce reads a message that a mail server sent to the sender of our mails. Errors: ErrNoBounce, or the reader's.
func ParseBounce(r io.Reader) (cloud.Bounce, error) {
	message, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(r, maxReport)))
	if err != nil {
		return cloud.Bounce{}, fmt.Errorf("%w: %w", ErrNoBounce, err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") {
		return cloud.Bounce{}, ErrNoBounce
	}
	var found report
	parts := multipart.NewReader(message.Body, params["boundary"])
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			break // its end, or where it was cut off: what came before is what there is
		}
		found.read(part)
	}
	// Some servers repeat nothing of the mail, and name it in their own header.
	for _, header := range []string{"In-Reply-To", "References"} {
		found.messageID = cmp.Or(found.messageID, message.Header.Get(header))
	}
	id := ourMessageID.FindStringSubmatch(found.messageID)
	if !found.failed || id == nil {
		return cloud.Bounce{}, ErrNoBounce
	}
	return cloud.Bounce{Mail: id[1], Answer: strings.TrimSpace(found.status + " " + found.diagnostic)}, nil
}

func (r *report) read(part *multipart.Part) {
	kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
		body = base64.NewDecoder(base64.StdEncoding, part)
	}
	headers := textproto.NewReader(bufio.NewReader(body))
	switch kind {
	case "message/delivery-status", "message/global-delivery-status":
		r.readStatus(headers)
	case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
		// Half a header is as good as a whole one, if the id is in it.
		original, _ := headers.ReadMIMEHeader()
		r.messageID = original.Get("Message-Id")
	}
}

// readStatus reads the groups of fields, the first of which is about the message and the others about a recipient each.
func (r *report) readStatus(groups *textproto.Reader) {
	for range maxParts {
		fields, err := groups.ReadMIMEHeader()
		if strings.EqualFold(strings.TrimSpace(fields.Get("Action")), "failed") {
			r.failed, r.status = true, fields.Get("Status")
			_, words, _ := strings.Cut(fields.Get("Diagnostic-Code"), ";")
			r.diagnostic = strings.TrimSpace(words)
		}
		if err != nil {
			return
		}
	}
}

// The Message-ID of a mail names its row, so that a bounce does.
var ourMessageID = regexp.MustCompile(`<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@`)

func messageID(mailID, domain string) string { return mailID + "@" + domain }
