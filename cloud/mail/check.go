package mail

import (
	"context"
	"fmt"

	gomail "github.com/wneessen/go-mail"
)

// Check connects to the mail server as Send does, with TLS and the password, and sends nothing. Its errors name no address of a person.
func (s *SMTP) Check(ctx context.Context) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if err := client.Close(); err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	return nil
}
