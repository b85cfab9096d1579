package remote

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// ErrCertificateTime says that the server's certificate is not valid at this computer's time. It comes with ErrUnreachable: most often
// the computer's clock is wrong, and nobody can tell that from a certificate that has expired.
var ErrCertificateTime = errors.New("the server's certificate is not valid at this computer's time")

// vagueAnswer is how long an answer may take that tells the time: whatever it was held up by, the time it names was within.
const vagueAnswer = 4 * time.Second

// agreed is by how much two clocks may differ that are right. One-time codes last as long, and change with less.
const agreed = 30 * time.Second

// serverClock is how far the server's clock is ahead of this computer's. A wrong clock on either side costs a request, never the session.
type serverClock struct {
	skew  atomic.Int64 // milliseconds, for signed requests alone: what the server demanded
	ahead atomic.Int64 // milliseconds, for people: by the Date of its last prompt answer
}

// note takes the time of an answer (Date, RFC 9110 §6.6.1) to a request that was sent before and answered after, both of the same clock.
// The date is cut off to a second.
func (s *serverClock) note(answer http.Header, before, after time.Time) {
	date, err := http.ParseTime(answer.Get("Date"))
	took := after.Sub(before)
	if err != nil || took < 0 || took > vagueAnswer {
		return
	}
	middle := before.Add(took / 2)
	s.ahead.Store(date.UnixMilli() + 500 - middle.UnixMilli())
}

// Ahead is how far the server's clock is ahead of this computer's, within some seconds; 0 for less than half a minute, and until an
// answer has come. It informs people, and nothing is decided by it: the server may lie.
func (c *Client) Ahead() time.Duration {
	ahead := time.Duration(c.clock.ahead.Load()) * time.Millisecond
	if ahead.Abs() < agreed {
		return 0
	}
	return ahead
}

// Local is a time of the server's, in Unix ms, by this computer's clock: when something ends here that ends there.
func (c *Client) Local(server int64) time.Time {
	return time.UnixMilli(server - c.Ahead().Milliseconds())
}

// requestTime is the time of a request in Unix ms, by the server's clock as far as that is known. The protocol has no time before 1970,
// where a clock that was never set can be, west of Greenwich.
func (c *Client) requestTime() int64 {
	return max(0, c.now().UnixMilli()+c.clock.skew.Load())
}

// unreachable is why there was no answer.
func unreachable(method, path string, err error) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		err = fmt.Errorf("%w: %w", ErrCertificateTime, err)
	}
	return fmt.Errorf("%s %s: %w: %w", method, path, ErrUnreachable, err)
}
