package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/app/breach"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

const (
	localLeaks = "breaches"

	leakFresh    = 30 * 24 * time.Hour // an answer is asked for again after that
	leakEach     = 100                 // answers after which they are written
	maxLeaks     = 30_000              // answers that are kept: an envelope has room for so many
	firstLeakTry = time.Minute
	lastLeakTry  = time.Hour
)

// fingerprint stands for a password in the answers that are kept, sealed: an HMAC under a key that is kept with them.
type fingerprint [16]byte

// leak is an answer.
type leak struct {
	times uint32
	day   uint32 // when it was given, in days since 1970
}

// leaks knows what the breach server said of passwords, and asks it. Without a client it knows and asks nothing.
type leaks struct {
	u        *Unlocked
	answered func(items []id.ID) // called under mu
	tell     func()
	news     chan struct{} // there is something to ask, or another server

	filing sync.Mutex // writing, and changing the server; taken before mu, which is never held while a disk is waited for

	mu      sync.Mutex
	closed  bool
	client  *breach.Client
	stop    context.CancelFunc // of what is asked of this client
	key     secret.Bytes
	known   map[fingerprint]leak
	ask     map[id.ID]bool
	unkept  int
	failure error
}

func newLeaks(u *Unlocked) *leaks {
	return &leaks{u: u, news: make(chan struct{}, 1), stop: func() {}, ask: map[id.ID]bool{}}
}

// use changes the server; nil is none. It tells whether that is another one than before.
func (l *leaks) use(client *breach.Client) (changed bool) {
	l.filing.Lock()
	defer l.filing.Unlock()
	if l.asks(client) {
		return false
	}
	var kept secret.Bytes
	if client == nil {
		l.forget()
	} else {
		kept = l.read()
		defer kept.Wipe()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.stop()
	l.client, l.known, l.ask, l.unkept, l.failure = client, map[fingerprint]leak{}, map[id.ID]bool{}, 0, nil
	l.key.Wipe()
	l.key = secret.Random(32)
	if client != nil {
		l.decode(kept.Reveal(), client.Server())
	}
	l.wake()
	return true
}

// asks tells whether this is the server already.
func (l *leaks) asks(client *breach.Client) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if client == nil || l.client == nil {
		return client == nil && l.client == nil
	}
	return client.Server() == l.client.Server()
}

func (l *leaks) wake() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// close wipes what is known. The file keeps what was learned.
func (l *leaks) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.client, l.known, l.ask = true, nil, nil, nil
	l.key.Wipe()
}

func (l *leaks) print(it *vault.Item) fingerprint {
	mac := hmac.New(sha256.New, l.key.Reveal())
	mac.Write(it.Value(vault.Password).Reveal())
	return fingerprint(mac.Sum(nil)[:len(fingerprint{})])
}

func (l *leaks) today() uint32 {
	return uint32(max(0, l.u.m.cfg.Now().Unix()) / int64(24*time.Hour/time.Second))
}

// fresh tells whether an answer need not be asked for again. One of the future is of a clock that was wrong.
func (l *leaks) fresh(known leak) bool {
	today := l.today()
	return known.day <= today && today-known.day < uint32(leakFresh/(24*time.Hour))
}

// Times implements audit.Leaks. What is not known, or too old, is asked for later.
func (l *leaks) Times(it *vault.Item) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		return 0
	}
	known, ok := l.known[l.print(it)]
	if !ok || !l.fresh(known) {
		l.ask[it.ID] = true
	} else {
		delete(l.ask, it.ID)
	}
	return int(known.times)
}

func (l *leaks) state() BreachState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return BreachState{On: l.client != nil, Left: len(l.ask), Err: l.failure}
}

// run asks until the context ends, one question at a time.
func (l *leaks) run(ctx context.Context) {
	defer l.keep()
	retry := firstLeakTry
	for {
		wait, err := l.askAll(ctx)
		if ctx.Err() != nil {
			return
		}
		var again <-chan time.Time
		if err != nil {
			if wait == 0 {
				wait, retry = retry, min(2*retry, lastLeakTry)
			}
			again = l.u.m.cfg.After(wait)
		} else {
			retry = firstLeakTry
		}
		l.keep()
		l.tell()
		if !l.waits(ctx, again) {
			return
		}
	}
}

// waits waits until it is time to ask: after a failure for that alone, or for another server.
func (l *leaks) waits(ctx context.Context, again <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again:
			return true
		case <-l.news:
			if l.state().Err == nil {
				return true
			}
		}
	}
}

// askAll asks about everything that is not known. wait is how long a busy server wants to be left alone.
func (l *leaks) askAll(ctx context.Context) (wait time.Duration, err error) {
	for {
		item, client, asking, ok := l.next(ctx)
		if !ok {
			return 0, nil
		}
		err := l.askAbout(asking, client, item)
		if asking.Err() != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			continue // another server, or none, since
		}
		l.mu.Lock()
		l.failure = err
		l.mu.Unlock()
		var busy *breach.BusyError
		if errors.As(err, &busy) {
			return busy.RetryAfter, err
		} else if err != nil {
			l.u.m.cfg.Log.Info("breaches not looked up", "error", err)
			return 0, err
		}
	}
}

func (l *leaks) next(ctx context.Context) (item id.ID, client *breach.Client, asking context.Context, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		return id.ID{}, nil, nil, false
	}
	for item := range l.ask {
		l.stop() // of the question before
		asking, l.stop = context.WithCancel(ctx)
		return item, l.client, asking, true
	}
	return id.ID{}, nil, nil, false
}

// askAbout asks about the password of an item, if it is not known by now: another item has it too, or it was edited.
func (l *leaks) askAbout(ctx context.Context, client *breach.Client, item id.ID) error {
	it, err := l.u.vault.Get(ctx, item)
	if err != nil { // it is gone, or does not open: the check will say so
		l.drop(item)
		return ctx.Err()
	}
	defer it.Wipe()
	l.mu.Lock()
	p := l.print(&it)
	known, ok := l.known[p]
	l.mu.Unlock()
	password := it.Value(vault.Password)
	if ok && l.fresh(known) || password.IsZero() {
		l.learned(ctx, item)
		return nil
	}
	times, err := client.Times(ctx, password)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if ctx.Err() == nil && l.known != nil { // the key is still that of the print
		l.known[p] = leak{uint32(min(times, 1<<31)), l.today()}
		l.unkept++
	}
	due := l.unkept >= leakEach
	l.mu.Unlock()
	l.learned(ctx, item)
	if due {
		l.keep()
	}
	return nil
}

func (l *leaks) drop(item id.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ask, item)
}

// learned has an item examined again, which will find the answer. Both are one step: at no time is it neither asked about nor due.
func (l *leaks) learned(ctx context.Context, item id.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() == nil {
		delete(l.ask, item)
		l.answered([]id.ID{item})
	}
}

// keep writes what is known into the account's file. Where that fails it is asked again next time.
func (l *leaks) keep() {
	l.filing.Lock()
	defer l.filing.Unlock()
	l.mu.Lock()
	var plain []byte
	if l.unkept > 0 && l.client != nil {
		plain, l.unkept = l.encode(l.client.Server()), 0
	}
	l.mu.Unlock()
	if plain == nil {
		return
	}
	defer clear(plain)
	if err := l.write(plain); err != nil {
		l.u.m.cfg.Log.Warn("breaches not kept", "error", err)
	}
}

// forget takes it off the file. A server that was never asked has left nothing there.
func (l *leaks) forget() {
	if err := l.u.store.SetLocal(context.Background(), localLeaks, nil); err != nil {
		l.u.m.cfg.Log.Warn("breaches not forgotten", "error", err)
	}
}

// write seals. Other keys must not take the place of these between.
func (l *leaks) write(plain []byte) error {
	l.u.keys.RLock()
	defer l.u.keys.RUnlock()
	sealed, err := l.u.own.seal(localLeaks, plain)
	if err != nil {
		return err
	}
	return l.u.store.SetLocal(context.Background(), localLeaks, sealed)
}

// read returns what was kept; nothing where that does not open.
func (l *leaks) read() secret.Bytes {
	l.u.keys.RLock()
	defer l.u.keys.RUnlock()
	sealed, found, err := l.u.store.Local(context.Background(), localLeaks)
	if err != nil || !found {
		return secret.Bytes{}
	}
	plain, err := l.u.own.unseal(localLeaks, sealed)
	if err != nil {
		l.u.m.cfg.Log.Warn("breaches not read", "error", err)
		return secret.Bytes{}
	}
	return plain
}

const (
	leaksForm = 1
	leakSize  = len(fingerprint{}) + 4 + 4
)

// encode writes form, key, server and answers, those of late first where they are too many. What is long out of date goes: no item has
// that password any more, or it would have been asked for again.
func (l *leaks) encode(server string) []byte {
	type answer struct {
		fingerprint
		leak
	}
	var all []answer
	oldest := l.today() - min(l.today(), 2*uint32(leakFresh/(24*time.Hour)))
	for p, known := range l.known {
		if known.day >= oldest {
			all = append(all, answer{p, known})
		}
	}
	slices.SortFunc(all, func(a, b answer) int { return int(b.day) - int(a.day) })
	all = all[:min(len(all), maxLeaks)]
	plain := make([]byte, 0, 64+len(server)+len(all)*leakSize)
	plain = append(append(plain, leaksForm), l.key.Reveal()...)
	plain = append(binary.BigEndian.AppendUint16(plain, uint16(len(server))), server...)
	for _, a := range all {
		plain = append(plain, a.fingerprint[:]...)
		plain = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(plain, a.times), a.day)
	}
	return plain
}

// decode reads it back. What is of another server, or of another form, is left alone.
func (l *leaks) decode(plain []byte, server string) {
	const head = 1 + 32 + 2
	if len(plain) < head || plain[0] != leaksForm {
		return
	}
	key, rest := plain[1:33], plain[head:]
	n := int(binary.BigEndian.Uint16(plain[33:head]))
	if len(rest) < n || string(rest[:n]) != server || (len(rest)-n)%leakSize != 0 {
		return
	}
	l.key.Wipe()
	l.key = secret.New(slices.Clone(key))
	for answers := rest[n:]; len(answers) > 0; answers = answers[leakSize:] {
		p := fingerprint(answers[:len(fingerprint{})])
		l.known[p] = leak{binary.BigEndian.Uint32(answers[16:]), binary.BigEndian.Uint32(answers[20:])}
	}
}
