package cloud

import (
	"crypto/hmac"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/canonical"
)

// Mailed codes (docs/protocol.md §8): 40 random bits as 8 characters, few tries, a short life.
const (
	codeLength   = 8
	codeLifetime = 10 * time.Minute
	codeTries    = 5
	// dailyCodes caps codes for one address or account and day: 50 guesses in 2^40, and no way to flood a mailbox.
	dailyCodes = 10
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newCode returns a code as it is shown, XXXX-XXXX.
func (b *base) newCode() string {
	code := b.bytes(codeLength)
	for i := range code {
		code[i] = crockford[code[i]&31] // 32 symbols: no bias
	}
	return string(code[:4]) + "-" + string(code[4:])
}

// readCode undoes what people do to a code when they type it. The result need not be a code.
func readCode(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
}

// MailedCode is a code as the server remembers it.
type MailedCode struct {
	Hash      []byte // keyed, 32 bytes
	TriesLeft int
	Expires   int64
}

// issueCode makes a code that is bound to the fields, with its memory. The code itself goes into a mail and nowhere else.
func (b *base) issueCode(purpose string, binding ...any) (string, MailedCode) {
	code := b.newCode()
	return code, MailedCode{Hash: b.codeHash(code, purpose, binding), TriesLeft: codeTries, Expires: b.time() + millis(codeLifetime)}
}

func (b *base) codeHash(code, purpose string, binding []any) []byte {
	return b.secret.mac("coffer/v1/code", purpose, canonical.Concat(binding...), readCode(code))
}

// tryCode spends a try. A *CodeWrong or ErrCodeExpired comes with a changed m, which the caller has to store.
func (b *base) tryCode(m *MailedCode, typed, purpose string, binding ...any) error {
	if m.TriesLeft <= 0 || over(b.time(), m.Expires, codeLifetime) {
		return ErrCodeExpired
	}
	m.TriesLeft--
	if !hmac.Equal(m.Hash, b.codeHash(typed, purpose, binding)) {
		return &CodeWrong{TriesLeft: m.TriesLeft}
	}
	return nil
}

// countMail counts a mail against the day's cap of what subject stands for.
func (b *base) countMail(tx signinRows, kind string, subject any) error {
	return b.count(tx, kind, subject, dailyCodes)
}

// count counts what costs somebody else's patience. The subject is hashed: counters outlive sign-ups that were never finished, and
// need not keep their addresses.
func (b *base) count(tx signinRows, kind string, subject any, limit int) error {
	const day = 24 * time.Hour
	today := b.time() / millis(day)
	n, err := tx.Count(b.secret.mac("coffer/v1/counter", kind, subject), today)
	if err != nil {
		return err
	}
	if n > limit {
		return &SlowDown{After: time.Duration((today+1)*millis(day)-b.time()) * time.Millisecond}
	}
	return nil
}
