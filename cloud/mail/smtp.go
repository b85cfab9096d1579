package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/coffer-vault/coffer/cloud"
)

const sendTimeout = 30 * time.Second

// SMTP sends mails to one mail server.
type SMTP struct {
	host    string
	from    string
	domain  string // of from
	options []gomail.Option
}

var _ cloud.Sender = (*SMTP)(nil)

// NewSMTP reads where to send to. address is one of
//
//	smtps://user@host:465                    TLS from the start
//	smtp://user@host:587                     STARTTLS, required
//	smtp://host:25?starttls=opportunistic    STARTTLS if offered
//	smtp://127.0.0.1:25?starttls=never       for a mail server on this machine
//
// The user is optional; its password comes apart, since addresses end up in process lists. from is the sender's address.
func NewSMTP(address, password, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("mail server: want smtp://host:port or smtps://host:port")
	}
	policy, err := tlsPolicy(u)
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithTimeout(sendTimeout), policy}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, errors.New("mail server: malformed port")
		}
		options = append(options, gomail.WithPort(port))
	}
	if user := u.User.Username(); user != "" {
		// The library refuses to send a password over a connection without TLS.
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("mail server: malformed sender address")
	}
	s := &SMTP{host: u.Hostname(), from: from, domain: sender.Address[strings.LastIndexByte(sender.Address, '@')+1:], options: options}
	_, err = gomail.NewClient(s.host, s.options...)
	return s, err
}

func tlsPolicy(u *url.URL) (gomail.Option, error) {
	if u.Scheme == "smtps" {
		return gomail.WithSSL(), nil
	}
	switch u.Query().Get("starttls") {
	case "", "required":
		return gomail.WithTLSPolicy(gomail.TLSMandatory), nil
	case "opportunistic":
		return gomail.WithTLSPolicy(gomail.TLSOpportunistic), nil
	case "never":
		return gomail.WithTLSPolicy(gomail.NoTLS), nil
	}
	return nil, errors.New("mail server: starttls is required, opportunistic or never")
}

// Send implements cloud.Sender. Its errors name no address.
func (s *SMTP) Send(ctx context.Context, m cloud.Mail) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	// A connection that breaks after the server has taken the mail must not send it twice.
	if err == nil || msg.IsDelivered() {
		return nil
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return fmt.Errorf("mail server: %w", err)
	}
	if refused.IsTemp() || refused.ErrorCode() < 500 {
		return fmt.Errorf("mail server answered %d: %s", refused.ErrorCode(), refused.Reason)
	}
	return &cloud.Refusal{Answer: strings.TrimSpace(fmt.Sprintf("%d %s", refused.ErrorCode(), refused.EnhancedStatusCode()))}
}

func (s *SMTP) message(m cloud.Mail) (*gomail.Msg, error) {
	content, err := Render(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cloud.ErrUndeliverable, err)
	}
	msg := gomail.NewMsg()
	if err := msg.From(s.from); err != nil {
		return nil, errors.New("mail server: malformed sender address")
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: malformed address", cloud.ErrUndeliverable)
	}
	msg.SetDate()
	if m.ID == "" {
		msg.SetMessageID()
	} else {
		msg.SetMessageIDWithValue(messageID(m.ID, s.domain))
	}
	// Keeps vacation answers from being sent to us (RFC 3834 §5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.Subject(content.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, content.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, content.HTML)
	return msg, nil
}
