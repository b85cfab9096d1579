package cloud

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/sync/wire"
)

// maxComputers is how many computers a token may enrol: whoever steals one fills no disk with computers that do not exist.
const maxComputers = 10_000

// reportInterval is how long a computer has to wait between two reports. It sends one a day.
const reportInterval = time.Minute

// Computers is the list of an organization's computers, with what each says of itself (docs/adr/0025-enrolment-of-computers.md). What
// a computer says is a claim and nothing more: its key proves that it is the one that said so before.
type Computers struct{ *base }

// NewComputers is the part of a Cloud that an operator's commands need. It keeps nothing in memory, so it may work beside a server on
// the same store.
func NewComputers(c Config) *Computers {
	return &Computers{&base{store: c.Store, secret: c.Secret, now: c.Now, random: c.Random}}
}

// EnrollToken is a token that the server made. Its serial is its id, and the signature binds the rest to it.
type EnrollToken struct {
	Serial       id.ID
	Organization id.ID
	Name         string // of the organization
	Language     string
	LastDay      string
	Created      int64
	Revoked      int64 // 0 while it is not
}

// Computer is one that registered.
type Computer struct {
	ID           id.ID
	Serial       id.ID // of the token under which it is in the list
	Organization id.ID
	Key          signing.PublicKey
	Created      int64
	LastSeen     int64
	Name         string
	FormerName   string // before the last change of name
	Doubled      int64  // when it took up its former name again, as two computers do that were copied from one disk; 0: never
	Version      string
	System       string
	Ring         string
	Held         string
	LastCheck    int64
	Problems     []string
}

type computerRows interface {
	InsertEnrollToken(EnrollToken) error
	EnrollToken(serial id.ID) (EnrollToken, error)
	// RevokeEnrollToken keeps the time of the first call.
	RevokeEnrollToken(serial id.ID, at int64) error
	InsertComputer(Computer) error
	UpdateComputer(Computer) error
	Computer(computer id.ID) (Computer, error)
	CountComputers(serial id.ID) (int64, error)
	// Computers are those of an organization, by name.
	Computers(organization id.ID) ([]Computer, error)
	DeleteComputer(computer id.ID) error
}

// enrolmentKey signs tokens and nothing else. It is derived, so it is in every backup of the server's secret and in no database.
func (c *Computers) enrolmentKey() signing.PrivateKey {
	return signing.FromOwn([32]byte(c.secret.mac("coffer/v1/enrolment-key")))
}

// MakeToken makes a token for the computers of an organization, good for a number of days from today. Errors: enrolment.ErrToken for
// a domain, name or language that no computer would take.
func (c *Computers) MakeToken(ctx context.Context, organization id.ID, domain, name, language string, days int) (text string, row EnrollToken, err error) {
	t := enrolment.Token{
		Domain: domain, Organization: organization, Name: name, Language: language, Serial: [16]byte(c.bytes(16)),
		LastDay: c.now().UTC().AddDate(0, 0, days).Format(time.DateOnly),
	}
	t.Signature = [64]byte(c.enrolmentKey().Sign(signing.EnrolToken, t.Payload()))
	if text, err = t.Text(); err != nil {
		return "", EnrollToken{}, err
	}
	row = EnrollToken{Serial: t.Serial, Organization: organization, Name: name, Language: language, LastDay: t.LastDay, Created: c.time()}
	return text, row, c.store.Update(ctx, func(tx Tx) error { return tx.InsertEnrollToken(row) })
}

// RevokeToken ends a token: it enrols nobody any more, and its computers are told so at their next report. Errors: ErrNotFound.
func (c *Computers) RevokeToken(ctx context.Context, serial id.ID) error {
	return notFound(c.store.Update(ctx, func(tx Tx) error { return tx.RevokeEnrollToken(serial, c.time()) }))
}

// List returns the computers of an organization by name.
func (c *Computers) List(ctx context.Context, organization id.ID) (all []Computer, err error) {
	err = c.store.View(ctx, func(tx Tx) (err error) {
		all, err = tx.Computers(organization)
		return err
	})
	return all, err
}

// Remove takes a computer off the list. One that is real comes back with its next report. Errors: ErrNotFound.
func (c *Computers) Remove(ctx context.Context, computer id.ID) error {
	return notFound(c.store.Update(ctx, func(tx Tx) error { return tx.DeleteComputer(computer) }))
}

func notFound(err error) error {
	if errors.Is(err, ErrNone) {
		return ErrNotFound
	}
	return err
}

// Register enters a computer whose key has signed the request, or moves it to another token. Again with the same token it is a report.
// Errors: ErrProofFailed for a token that this server did not make, ErrCodeExpired after its last day, ErrDeviceRevoked, ErrTaken for
// the id of another computer, ErrTooLarge for a token that has enrolled all that it may, ErrInvalid, *SlowDown.
func (c *Computers) Register(ctx context.Context, caller Caller, text string, report wire.ComputerReport) error {
	if err := checkReport(report); err != nil {
		return err
	}
	token, err := enrolment.Parse(text)
	if err != nil || c.enrolmentKey().Public().Verify(signing.EnrolToken, token.Payload(), token.Signature[:]) != nil {
		return fmt.Errorf("%w: enrolment token", ErrProofFailed)
	}
	return c.store.Update(ctx, func(tx Tx) error {
		known, err := tx.EnrollToken(token.Serial)
		switch {
		case errors.Is(err, ErrNone): // a database from before the token: it cannot be told whether it was revoked
			return fmt.Errorf("%w: enrolment token", ErrProofFailed)
		case err != nil:
			return err
		case known.Revoked != 0:
			return ErrDeviceRevoked
		}
		return c.enter(tx, caller, known, report)
	})
}

// enter keeps a computer under a token that holds.
func (c *Computers) enter(tx Tx, caller Caller, token EnrollToken, report wire.ComputerReport) error {
	row, err := tx.Computer(caller.Device)
	switch {
	case err == nil && row.Key != caller.Key:
		return ErrTaken
	case err == nil && row.Serial == token.Serial:
		return c.keep(tx, row, report)
	case err != nil && !errors.Is(err, ErrNone):
		return err
	case c.now().UTC().Format(time.DateOnly) > token.LastDay:
		return ErrCodeExpired
	}
	n, countErr := tx.CountComputers(token.Serial)
	if countErr != nil {
		return countErr
	}
	if n >= maxComputers {
		return fmt.Errorf("%w: computers of a token", ErrTooLarge)
	}
	if err == nil {
		row.Serial, row.Organization = token.Serial, token.Organization
		return c.keep(tx, row, report)
	}
	row = Computer{ID: caller.Device, Serial: token.Serial, Organization: token.Organization, Key: caller.Key, Created: c.time()}
	row.take(report, c.time())
	return tx.InsertComputer(row)
}

// ByComputer finds a computer that registered, for the request's signature to be verified with its key. One whose token was revoked is
// found too: it is told so once its signature is right. Errors: ErrSessionEnded.
func (c *Computers) ByComputer(ctx context.Context, account, computer id.ID) (caller Caller, err error) {
	err = c.store.View(ctx, func(tx Tx) error {
		row, err := tx.Computer(computer)
		if err != nil {
			return err
		}
		token, err := tx.EnrollToken(row.Serial)
		if err != nil {
			return err
		}
		caller = Caller{Device: row.ID, Key: row.Key, Status: DeviceListed}
		if token.Revoked != 0 {
			caller.Status = DeviceRevoked
		}
		return nil
	})
	if errors.Is(err, ErrNone) || err == nil && !account.IsZero() {
		return Caller{}, ErrSessionEnded
	}
	return caller, err
}

// Report keeps what a computer says of itself. Errors: ErrInvalid, ErrNotFound for a computer that was removed meanwhile, *SlowDown.
func (c *Computers) Report(ctx context.Context, caller Caller, report wire.ComputerReport) error {
	if err := checkReport(report); err != nil {
		return err
	}
	return notFound(c.store.Update(ctx, func(tx Tx) error {
		row, err := tx.Computer(caller.Device)
		if err != nil {
			return err
		}
		return c.keep(tx, row, report)
	}))
}

// keep replaces what was said before. A clock that was set back lets the next report in.
func (c *Computers) keep(tx Tx, row Computer, report wire.ComputerReport) error {
	now := c.time()
	if since := now - row.LastSeen; since >= 0 && since < millis(reportInterval) {
		return &SlowDown{After: reportInterval}
	}
	row.take(report, now)
	return tx.UpdateComputer(row)
}

func (c *Computer) take(r wire.ComputerReport, now int64) {
	if c.Name != r.Name && c.Name != "" {
		if r.Name == c.FormerName {
			c.Doubled = now
		}
		c.FormerName = c.Name
	}
	c.Name, c.Version, c.System, c.Ring, c.Held, c.LastCheck, c.Problems = r.Name, r.Version, r.System, r.Ring, r.Held, r.LastCheck, r.Problems
	c.LastSeen = now
}

// problemCode is a word for a list: what it says to people is for the reader.
var problemCode = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// lastTime is the end of the year 9999, in Unix ms. JSON has no time after it: one computer would keep its whole organization's list from
// being shown.
const lastTime = 253402300799_999

// checkReport refuses what would make a list lie, or long.
func checkReport(r wire.ComputerReport) error {
	if !printable(r.Name, wire.MaxComputerName) {
		return invalid("name of the computer")
	}
	for _, text := range []string{r.Version, r.System, r.Ring, r.Held} {
		if text != "" && !printable(text, wire.MaxComputerText) {
			return invalid("text of a report")
		}
	}
	if r.LastCheck < 0 || r.LastCheck > lastTime {
		return invalid("time of the last look for updates")
	}
	if len(r.Problems) > wire.MaxProblems {
		return invalid("more than %d problems", wire.MaxProblems)
	}
	for _, code := range r.Problems {
		if !problemCode.MatchString(code) {
			return invalid("problem")
		}
	}
	return nil
}
