package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// Received is a mail that a Sink took.
type Received struct {
	Number  int // 1 for the first
	To      string
	Subject string
	Text    string // of the plain part
	Raw     []byte
}

// Sink is a mail server on loopback that delivers nowhere: it keeps mails in memory, writes them as .eml files into a folder and
// prints them. What goes to an address that ends in .invalid it refuses. It is for development and tests.
type Sink struct {
	listener net.Listener
	server   *smtp.Server
	dir      string // empty: no files
	out      io.Writer

	mu      sync.Mutex
	mails   []Received
	arrived chan struct{} // closed and replaced at every mail
}

// NewSink starts a Sink on a free port. dir is made if it is missing; it may be empty, and out nil. Close stops it.
func NewSink(dir string, out io.Writer) (*Sink, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("mail folder: %w", err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	s := &Sink{dir: dir, out: out, arrived: make(chan struct{})}
	s.serve(listener)
	return s, nil
}

func (s *Sink) serve(listener net.Listener) {
	s.listener = listener
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }))
	s.server.Domain = "localhost"
	s.server.ErrorLog = log.New(io.Discard, "", 0) // who sends is told
	s.server.MaxMessageBytes = 1 << 20
	s.server.ReadTimeout, s.server.WriteTimeout = sendTimeout, sendTimeout
	go s.server.Serve(listener)
}

// Reopen starts a Sink that was closed, on the port that it had, with the mails that it has.
func (s *Sink) Reopen() error {
	listener, err := net.Listen("tcp", s.Addr())
	if err != nil {
		return fmt.Errorf("mail sink: %w", err)
	}
	s.serve(listener)
	return nil
}

// Addr is where the Sink listens, host:port.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Close stops the Sink; its mails stay readable.
func (s *Sink) Close() error { return s.server.Close() }

// Mails returns all mails in the order of their arrival.
func (s *Sink) Mails() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.mails...)
}

// Wait returns the newest mail that matches as soon as there is one.
func (s *Sink) Wait(ctx context.Context, match func(Received) bool) (Received, error) {
	for {
		s.mu.Lock()
		arrived := s.arrived
		for i := len(s.mails) - 1; i >= 0; i-- {
			if match(s.mails[i]) {
				defer s.mu.Unlock()
				return s.mails[i], nil
			}
		}
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return Received{}, fmt.Errorf("no such mail: %w", ctx.Err())
		}
	}
}

func (s *Sink) take(to string, raw []byte) error {
	m, err := parse(to, raw)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Number = len(s.mails) + 1
	if s.dir != "" {
		name := fmt.Sprintf("%s-%04d.eml", time.Now().UTC().Format("20060102-150405"), m.Number)
		// Written whole or not at all: whoever watches the folder never reads half a mail.
		if err := atomicfile.WriteFile(filepath.Join(s.dir, name), raw, 0o600); err != nil {
			return err
		}
	}
	s.mails = append(s.mails, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
	if s.out != nil {
		fmt.Fprintf(s.out, "mail to=%s subject=%q\n    %s\n", m.To, m.Subject, strings.ReplaceAll(strings.TrimSpace(m.Text), "\n", "\n    "))
	}
	return nil
}

// NewBounce is the report that a mail server writes about a mail that it gives back (RFC 3464).
func NewBounce(of Received, answer string) []byte {
	header, _, _ := bytes.Cut(of.Raw, []byte("\r\n\r\n"))
	status := "5.0.0"
	if words := strings.Fields(answer); len(words) > 1 {
		status = words[1]
	}
	return []byte(strings.ReplaceAll(fmt.Sprintf(`From: MAILER-DAEMON@mx.example.org
To: coffer@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: text/rfc822-headers

%s

--b--
`, of.To, status, answer, strings.ReplaceAll(string(header), "\r\n", "\n")), "\n", "\r\n"))
}

// parse reads what this package's SMTP sends: plain text in quoted-printable, first of its alternatives.
func parse(to string, raw []byte) (Received, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Received{}, fmt.Errorf("read mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		return Received{}, fmt.Errorf("read subject: %w", err)
	}
	received := Received{To: to, Subject: subject, Raw: raw}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return Received{}, fmt.Errorf("read mail: %w", err)
	}
	part, err := multipart.NewReader(msg.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return Received{}, fmt.Errorf("read mail: %w", err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	received.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	return received, err
}

type sinkSession struct {
	sink *Sink
	to   string
}

func (s *sinkSession) Reset()                               { s.to = "" }
func (s *sinkSession) Logout() error                        { return nil }
func (s *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to != "" {
		return errors.New("one recipient at a time")
	}
	if strings.HasSuffix(to, ".invalid") { // RFC 2606: no such mailbox anywhere, so that one can see what a refusal looks like
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 2}, Message: "no such host"}
	}
	s.to = to
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return s.sink.take(s.to, raw)
}
