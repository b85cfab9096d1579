package cloud_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
)

// A character that PostgreSQL has no place for in a text is no failure of the server.
func TestCharacterZero(t *testing.T) {
	w := newWorld(t)
	if _, err := w.SignUp.Verify(t.Context(), "a\x00b", "AAAA-AAAA"); !errors.Is(err, cloud.ErrCodeExpired) {
		t.Errorf("id of a sign-up: %v", err)
	}
	if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "en\x00", netip.Addr{}); err != nil {
		t.Errorf("language: %v", err)
	}
	if mail := w.deliver(); mail.Language != "" {
		t.Errorf("language %q", mail.Language)
	}
}
