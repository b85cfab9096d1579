package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/sync/wire"
)

// weather is how bad the network is: chances in a thousand for each request.
type weather struct {
	lost      int // it never arrives
	unheard   int // it arrives, and the answer is lost
	delayed   int // it arrives later, when nobody waits for the answer any more
	doubled   int // it arrives now and once more later
	meanwhile int // something else happens before it arrives
}

var climates = []weather{
	{meanwhile: 100},
	{lost: 20, unheard: 30, delayed: 20, doubled: 20, meanwhile: 150},
	{lost: 60, unheard: 80, delayed: 60, doubled: 40, meanwhile: 200},
}

var (
	errNoRoute  = errors.New("no route to the server")
	errNoAnswer = errors.New("no answer")
)

// network carries the requests of all devices, one at a time.
type network struct {
	w       *world
	climate weather
	flying  []parcel // on its way, in no order
	changes int      // of the account, or questions that come before one
}

// parcel is a request that arrives later.
type parcel struct {
	request *http.Request
	body    []byte
}

// link is the network as one device sees it: an http.RoundTripper.
type link struct {
	n *network
	d *device
	// down says that the device is cut off.
	down bool
	// deaf says that no answer to a push comes back.
	deaf bool
	// troubled says that a request of the device went wrong in the step under way.
	troubled bool
}

// fate of one request.
type fate int

const (
	arrives fate = iota
	isLost
	isUnheard
	isDelayed
	isDoubled
)

// weight makes accidents likelier where they matter most: to what changes something at the server.
func weight(req *http.Request) int {
	if path := req.URL.Path; strings.HasSuffix(path, "/commits") || strings.HasSuffix(path, "/account/change") {
		return 3
	}
	return 1
}

func (c weather) draw(r *rand.Rand, weight int) fate {
	at := r.IntN(1000) / weight
	for i, chance := range []int{c.lost, c.unheard, c.delayed, c.doubled} {
		if at < chance {
			return isLost + fate(i)
		}
		at -= chance
	}
	return arrives
}

// RoundTrip implements http.RoundTripper. Every outcome is a moment at which the device may be killed.
func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	if l.d.event("request"); l.d.dead != nil {
		return nil, errKilled
	}
	l.n.w.pass(time.Duration(1+l.n.w.random.IntN(20)) * time.Millisecond)
	if l.n.w.random.IntN(1000) < l.n.climate.meanwhile*weight(req) {
		l.n.w.meanwhile(l.d)
	}
	if l.d.dead != nil {
		return nil, errKilled
	}
	resp, err := l.carry(parcel{req, body})
	if err != nil {
		l.troubled = true
	}
	if l.n.w.together && l.d.dead == nil && l.n.w.random.IntN(1000) < l.n.climate.meanwhile*weight(req) {
		l.n.w.meanwhile(l.d) // while the answer is on its way
	}
	if l.d.event("answer"); l.d.dead != nil {
		return nil, errKilled
	}
	return resp, err
}

func (l *link) carry(p parcel) (*http.Response, error) {
	if l.down {
		return nil, errNoRoute
	}
	how := l.n.climate.draw(l.n.w.random, weight(p.request))
	if l.deaf && strings.HasSuffix(p.request.URL.Path, "/commits") {
		how = isUnheard
	}
	if how != arrives {
		l.n.w.note("  %s %s %s", l.d.name, p.request.URL.Path, how)
	}
	switch how {
	case isLost:
		return nil, errNoRoute
	case isDelayed:
		l.n.flying = append(l.n.flying, p)
		return nil, errNoAnswer
	case isDoubled:
		l.n.flying = append(l.n.flying, p)
	}
	answer, killed := l.n.deliver(p)
	if how == isUnheard || killed {
		return nil, errNoAnswer
	}
	l.n.w.judge(l.d, p.request, answer)
	return answer, nil
}

// deliver hands a request to the server. killed says that the server died of it, and is up again.
func (n *network) deliver(p parcel) (answer *http.Response, killed bool) {
	target := p.request.URL.RequestURI()
	r := httptest.NewRequestWithContext(n.w.ctx, p.request.Method, target, bytes.NewReader(p.body))
	r.Header = p.request.Header.Clone()
	if p.request.Method != http.MethodGet && strings.HasPrefix(target, "/v1/account/") {
		n.changes++
	}
	recorder := httptest.NewRecorder()
	n.w.server.handler.ServeHTTP(recorder, r)
	killed, err := n.w.server.revive()
	if err != nil {
		n.w.fail("server", fmt.Errorf("start after a kill: %w", err))
	}
	return recorder.Result(), killed
}

// arrive delivers some of the requests that are on their way, whichever comes first.
func (n *network) arrive(most int) {
	for ; most > 0 && len(n.flying) > 0; most-- {
		i := n.w.random.IntN(len(n.flying))
		p := n.flying[i]
		n.flying = append(n.flying[:i], n.flying[i+1:]...)
		n.w.note("  late: %s", p.request.URL.Path)
		n.deliver(p)
	}
}

// peek reads an answer's error and leaves the answer as it was.
func peek(resp *http.Response) (e wire.Error) {
	if resp.StatusCode < 400 {
		return e
	}
	data, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err != nil {
		e.Code = wire.Code(fmt.Sprintf("status %d", resp.StatusCode))
	}
	return e
}

func (f fate) String() string {
	return [...]string{"arrives", "is lost", "is not answered", "is delayed", "is doubled"}[f]
}
