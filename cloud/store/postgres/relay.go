package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	channel = "coffer_events"
	// gather is how long messages are gathered for one NOTIFY: each takes a lock of the whole database for a moment.
	gather = 25 * time.Millisecond
	// maxPayload is PostgreSQL's, less one, in bytes of text.
	maxPayload = 7999
	// maxGathered bounds the memory while the database is away. What does not fit is lost, as a message may be.
	maxGathered = 10_000
	// listenTimeout is how long the listener hears nothing before it asks whether there is still somebody.
	listenTimeout = 30 * time.Second
	maxListenWait = 2 * time.Second
	// senderSize bytes name a process; messages of its own are nothing new to it.
	senderSize = 8
	maxMessage = 1 << 10
)

// relay carries messages between the processes that have the same database.
type relay struct {
	db     *sql.DB
	config *pgx.ConnConfig
	log    *slog.Logger
	sender []byte
	wake   chan struct{}

	mu       sync.Mutex
	gathered [][]byte
	known    map[string]bool // what is gathered
	hear     func([]byte)
}

func newRelay(db *sql.DB, config *pgx.ConnConfig, log *slog.Logger) *relay {
	sender := make([]byte, senderSize)
	rand.Read(sender)
	return &relay{db: db, config: config, log: log, sender: sender, wake: make(chan struct{}, 1), known: map[string]bool{}, hear: func([]byte) {}}
}

// Tell implements cloud.Relay.
func (s *Store) Tell(message []byte) { s.relay.tell(message) }

// Hear implements cloud.Relay.
func (s *Store) Hear(hear func(message []byte)) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.hear = hear
}

func (r *relay) tell(message []byte) {
	if len(message) > maxMessage {
		panic("postgres: message too long")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[string(message)] || len(r.gathered) >= maxGathered {
		return
	}
	r.gathered = append(r.gathered, message)
	r.known[string(message)] = true
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// start begins to listen and to tell. stop ends both, after what is gathered was told.
func (r *relay) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.tellAll(ctx) })
	running.Go(func() { r.listen(ctx) })
	return func() {
		cancel()
		running.Wait()
		last, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		r.flush(last)
	}
}

func (r *relay) tellAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		if !sleep(ctx, gather) {
			return
		}
		r.flush(ctx)
	}
}

// sleep tells whether ctx still lives after d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// flush tells what is gathered. What fails is lost: it would be old when the database is back.
func (r *relay) flush(ctx context.Context) {
	r.mu.Lock()
	messages := r.gathered
	r.gathered, r.known = nil, map[string]bool{}
	r.mu.Unlock()
	for _, payload := range pack(r.sender, messages) {
		if _, err := r.db.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, payload); err != nil {
			r.log.Warn("other processes were not told", "messages", len(messages), "err", err)
			return
		}
	}
}

// pack makes payloads of text: sender, then every message after two bytes of its length, in base64.
func pack(sender []byte, messages [][]byte) (payloads []string) {
	var b []byte
	for _, m := range messages {
		if len(b) > 0 && base64.RawStdEncoding.EncodedLen(len(b)+2+len(m)) > maxPayload {
			payloads, b = append(payloads, base64.RawStdEncoding.EncodeToString(b)), nil
		}
		if len(b) == 0 {
			b = bytes.Clone(sender)
		}
		b = append(append(b, byte(len(m)>>8), byte(len(m))), m...)
	}
	if len(b) > 0 {
		payloads = append(payloads, base64.RawStdEncoding.EncodeToString(b))
	}
	return payloads
}

// unpack reads a payload: nothing of one that is cut short or no payload of ours.
func unpack(payload string) (sender []byte, messages [][]byte) {
	b, err := base64.RawStdEncoding.DecodeString(payload)
	if err != nil || len(b) < senderSize {
		return nil, nil
	}
	sender, b = b[:senderSize], b[senderSize:]
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, nil
		}
		n := int(b[0])<<8 | int(b[1])
		if len(b) < 2+n {
			return nil, nil
		}
		messages, b = append(messages, b[2:2+n]), b[2+n:]
	}
	return sender, messages
}

// listen hears until ctx ends, on a connection of its own, and on another one when that is lost.
func (r *relay) listen(ctx context.Context) {
	wait := firstListenWait
	for ctx.Err() == nil {
		heard, err := r.hearAll(ctx)
		if ctx.Err() != nil {
			return
		}
		if heard {
			wait = firstListenWait
		}
		r.log.Warn("does not hear other processes", "err", err)
		sleep(ctx, wait)
		wait = min(2*wait, maxListenWait)
	}
}

const firstListenWait = 50 * time.Millisecond

// hearAll hears on one connection until it fails; listening tells whether it came so far.
func (r *relay) hearAll(ctx context.Context) (listening bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, r.config.Copy())
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return false, err
	}
	for {
		notification, err := wait(ctx, conn)
		if err != nil {
			return true, err
		}
		if notification != "" {
			r.deliver(notification)
		}
	}
}

// wait returns the next payload, or nothing after a silence in which the server has answered.
func wait(ctx context.Context, conn *pgx.Conn) (payload string, err error) {
	short, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	notification, err := conn.WaitForNotification(short)
	if err == nil {
		return notification.Payload, nil
	}
	if short.Err() == nil || ctx.Err() != nil || conn.IsClosed() {
		return "", err
	}
	alive, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return "", conn.Ping(alive)
}

func (r *relay) deliver(payload string) {
	sender, messages := unpack(payload)
	if bytes.Equal(sender, r.sender) {
		return
	}
	r.mu.Lock()
	hear := r.hear
	r.mu.Unlock()
	for _, m := range messages {
		hear(m)
	}
}
