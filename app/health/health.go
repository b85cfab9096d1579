// Package health tells an organization that one of its computers is well, before and without anybody signing in
// (docs/adr/0025-enrolment-of-computers.md).
//
//	enrolment token → register, once → a report a day, and one after each change of version
//
// It is given what to say and knows of no account, no vault and no user. It acts on nothing that a server answers: an answer decides
// when it tries again and no more, within bounds that are here.
package health

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// How often something is done. Waits are drawn between half and the whole of them, so that computers that were switched on together do
// not ask together.
const (
	reportEvery = 24 * time.Hour
	lookEvery   = 15 * time.Minute // for another token or version
	firstRetry  = 2 * time.Minute
	lastRetry   = 6 * time.Hour
)

// Config is what a Reporter is given.
type Config struct {
	Dir       string                 // of its own: its key is in it
	Token     func() (string, error) // of this computer, as text; empty for none
	Origin    func() string          // of the server
	Describe  func() wire.ComputerReport
	Transport http.RoundTripper // nil: the default
	Now       func() time.Time
	Log       *slog.Logger
}

// Reporter registers and reports.
type Reporter struct{ Config }

// New returns a Reporter that has done nothing yet.
func New(c Config) *Reporter { return &Reporter{c} }

// Run reports until ctx ends.
func (r *Reporter) Run(ctx context.Context, after func(time.Duration) <-chan time.Time) {
	for {
		wait := r.Turn(ctx)
		select {
		case <-ctx.Done():
			return
		case <-after(wait/2 + rand.N(wait/2+1)):
		}
	}
}

// Turn does what is due now, writes down how it ended, and returns when to look again: at the latest then, and after half of it at the soonest.
func (r *Reporter) Turn(ctx context.Context) (wait time.Duration) {
	before, err := ReadState(r.Dir)
	if err != nil {
		// What it remembered only spares requests.
		r.Log.Warn("begins without its state", "err", err)
	}
	after := r.decide(ctx, before)
	if ctx.Err() != nil {
		return lookEvery
	}
	if after != before {
		if err := writeState(r.Dir, after); err != nil {
			r.Log.Error("cannot keep its state", "err", err)
		}
	}
	if after.Outcome != before.Outcome || after.Reason != before.Reason {
		r.Log.Info("turn", "outcome", string(after.Outcome), "reason", after.Reason)
	}
	if left := backOff(after.Failures) - r.Now().Sub(after.Tried); after.Outcome == Unreachable && left > 0 {
		return min(2*left, lookEvery) // of which the half that is drawn from comes when it is due
	}
	return lookEvery
}

// decide returns the state after a turn.
func (r *Reporter) decide(ctx context.Context, s State) State {
	text, err := r.Token()
	if err != nil {
		return State{Outcome: BadToken, Reason: "the place of the token cannot be read"}
	}
	if text == "" {
		return State{Outcome: NoToken}
	}
	token, err := enrolment.Parse(text)
	if err != nil {
		return State{Outcome: BadToken, Reason: err.Error()}
	}
	if serial := hex.EncodeToString(token.Serial[:]); s.Serial != serial {
		s = State{Serial: serial} // whatever was said of another token
	}
	report := r.Describe()
	if !r.due(s, report.Version) {
		return s
	}
	signer, err := openKey(r.Dir)
	if err != nil {
		return r.failed(s, Broken, err)
	}
	// Before anything is sent, so that a disk that keeps nothing does not make a flood of reports.
	s.Tried = r.Now()
	if err := writeState(r.Dir, s); err != nil {
		return r.failed(s, Broken, err)
	}
	return r.send(ctx, s, signer, text, r.Origin(), report)
}

// due tells whether something is to be sent now. A clock that was set back makes everything due, and the wait begins anew.
func (r *Reporter) due(s State, version string) bool {
	since := func(t time.Time) time.Duration {
		if d := r.Now().Sub(t); d >= 0 {
			return d
		}
		return reportEvery
	}
	switch s.Outcome {
	case Revoked:
		return false
	case Refused:
		return since(s.Tried) >= reportEvery
	case Reported:
		return s.Version != version || since(s.Reported) >= reportEvery
	}
	return s.Tried.IsZero() || since(s.Tried) >= backOff(s.Failures)
}

// backOff doubles with each failure.
func backOff(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(firstRetry<<min(failures-1, 10), lastRetry)
}

// send registers or reports, and judges the answer by its code alone.
func (r *Reporter) send(ctx context.Context, s State, signer remote.Signer, token, origin string, report wire.ComputerReport) State {
	client, err := remote.NewClient(origin, r.Transport, r.Now)
	if err != nil {
		return r.failed(s, Refused, err)
	}
	if s.Computer == signer.Device.String() {
		err = client.ReportComputer(ctx, signer, report)
	} else {
		err = client.RegisterComputer(ctx, signer, token, report)
	}
	var answer *wire.Error
	switch {
	case err == nil:
		return State{Outcome: Reported, Serial: s.Serial, Computer: signer.Device.String(), Version: report.Version, Reported: r.Now(), Tried: s.Tried}
	case !errors.As(err, &answer):
		return r.failed(s, Unreachable, err)
	case answer.Code == wire.CodeDeviceRevoked:
		return r.failed(s, Revoked, answer)
	case answer.Code == wire.CodeSessionEnded || answer.Code == wire.CodeNotFound:
		s.Computer = "" // it was taken off the list, or the server was put back: it registers again, after a wait
		return r.failed(s, Unreachable, answer)
	case answer.Code == wire.CodeSlowDown || answer.Code == wire.CodeUnavailable || answer.Code == wire.CodeClockSkew:
		return r.failed(s, Unreachable, answer)
	}
	return r.failed(s, Refused, answer)
}

// failed keeps why, in words that name no address.
func (r *Reporter) failed(s State, outcome Outcome, err error) State {
	s.Outcome, s.Failures, s.Reason = outcome, s.Failures+1, reason(err)
	return s
}

func reason(err error) string {
	var answer *wire.Error
	switch {
	case errors.As(err, &answer):
		return fmt.Sprintf("the server answers %.40q", string(answer.Code))
	case errors.Is(err, remote.ErrCertificateTime):
		return "the server's certificate is not valid at this computer's time"
	case errors.Is(err, remote.ErrUnreachable):
		return "the server does not answer"
	case errors.Is(err, remote.ErrStrangeAnswer):
		return "something else than a Coffer server answers"
	case errors.Is(err, remote.ErrOrigin):
		return "the server's name cannot be used"
	}
	return "this computer cannot keep its key or state"
}
