// Package postgres keeps the server's data in PostgreSQL, 15 or newer, and lets several processes of the server share it: they tell each
// other what happened, and remember nonces together (docs/adr/0027-one-sql-for-two-engines.md).
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
)

const (
	// maxConns is how many transactions of a process run at a time; PostgreSQL begins with 100 for all.
	maxConns = 30
	// connLife is how long a connection is kept: after a failover back, or a change of the address, all are new by then.
	connLife       = 10 * time.Minute
	connectTimeout = 5 * time.Second
)

// timing is how long a transaction is begun again where others were first or the database is gone, which is longer than a promotion
// takes; and how long one run of it may take where the other side is silent.
type timing struct{ patience, try time.Duration }

var serving = timing{patience: 10 * time.Second, try: 20 * time.Second}

// Store is a cloud.Store on a PostgreSQL database.
type Store struct {
	*sqlstore.Store
	db     *sql.DB
	relay  *relay
	nonces *nonces
	stop   func()
}

// Open connects to a database and brings its schema up to date; several may do so at once. url is what libpq takes too, such as
// postgres://coffer@db1,db2/coffer?target_session_attrs=read-write. hook may be nil. Errors: sqlstore.ErrNewerSchema.
func Open(ctx context.Context, url string, hook sqlstore.Hook, log *slog.Logger) (*Store, error) {
	return openTimed(ctx, url, hook, log, serving)
}

func openTimed(ctx context.Context, url string, hook sqlstore.Hook, log *slog.Logger, wait timing) (*Store, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, config); err != nil {
		return nil, err
	}
	db := open(config, map[string]string{
		"statement_timeout": "15s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s",
		// Every statement has an index. A scan of a small table would be in everybody's way who writes to it.
		"enable_seqscan": "off",
		// They are all short; compiling one takes longer than running it.
		"jit": "off",
	})
	engine := sqlstore.Engine{
		Write: db, Read: db,
		Writing: &sql.TxOptions{Isolation: sql.LevelSerializable},
		Reading: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		Judge:   judge, Patience: wait.patience, TryTimeout: wait.try,
		Renew: func() { dropIdle(db) }, Pipeline: pipeline,
	}
	s := &Store{Store: sqlstore.New(engine, hook), db: db, relay: newRelay(db, config, log), nonces: newNonces(db)}
	stopRelay := s.relay.start()
	stopForgetting := s.forgetAlways(log)
	s.stop = func() { stopForgetting(); stopRelay() }
	return s, nil
}

// parse reads a connection string. Its errors do not repeat it: it may have a password.
func parse(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("PostgreSQL: the connection string cannot be read")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "coffer-cloud"
	}
	return config, nil
}

func open(config *pgx.ConnConfig, parameters map[string]string, options ...stdlib.OptionOpenDB) *sql.DB {
	config = config.Copy()
	for name, value := range parameters {
		config.RuntimeParams[name] = value
	}
	db := stdlib.OpenDB(*config, options...)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxLifetime(connLife)
	return db
}

// dropIdle closes the connections that nobody uses: they went to a server that is gone, as the one that failed did.
func dropIdle(db *sql.DB) {
	db.SetMaxIdleConns(0)
	db.SetMaxIdleConns(maxConns)
}

// pipeline implements sqlstore.Engine.
func pipeline(ctx context.Context, conn *sql.Conn, all []sqlstore.Statement) (touched []int64, err error) {
	err = conn.Raw(func(own any) (err error) {
		c := own.(*stdlib.Conn).Conn()
		// database/sql ends a transaction whose context is over: what came then would be durable by itself.
		if status := c.PgConn().TxStatus(); status != 'T' {
			return errors.Join(ctx.Err(), fmt.Errorf("PostgreSQL: no transaction to write in (%c)", status))
		}
		var batch pgx.Batch
		for _, s := range all {
			batch.Queue(s.Query, s.Args...)
		}
		results := c.SendBatch(ctx, &batch)
		defer func() { err = errors.Join(err, results.Close()) }()
		for range all {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			touched = append(touched, tag.RowsAffected())
		}
		return nil
	})
	return touched, err
}

// prepare checks the database and brings its schema up to date, without the limits of time that requests have.
func prepare(ctx context.Context, config *pgx.ConnConfig) (err error) {
	db := open(config, nil, stdlib.OptionAfterConnect(endWithUs))
	defer func() { err = errors.Join(err, db.Close()) }()
	var encoding string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("PostgreSQL: the database's encoding is %s, and has to be UTF8", encoding)
	}
	// A second process waits here until the first has done it.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return err
	}
	if err := sqlstore.Migrate(ctx, db, goose.DialectPostgres, adapt, goose.WithSessionLocker(turn{locker})); err != nil {
		return err
	}
	for _, create := range []string{createNonces, createFingerprint} {
		// Two processes that make a table at once get this, although it says IF NOT EXISTS.
		if _, err := db.ExecContext(ctx, create); err != nil && judge(err) != sqlstore.Duplicate {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// turn says what to do where another process does not end its migration.
type turn struct{ lock.SessionLocker }

func (t turn) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := t.SessionLocker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for the turn to migrate, which another session has that pg_locks names, in its row of the type advisory: %w", err)
	}
	return nil
}

// endWithUs has PostgreSQL end what it does for this process when the process is gone: it would look only at the end of a statement, with
// all locks held, and where the whole machine is gone hours later. A server on a system that cannot look goes without.
func endWithUs(ctx context.Context, conn *pgx.Conn) error {
	for _, set := range []string{
		"SET client_connection_check_interval = '1s'", "SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10", "SET tcp_keepalives_count = 3",
	} {
		var refused *pgconn.PgError
		if _, err := conn.Exec(ctx, set); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return nil
}

var textColumn = regexp.MustCompile(`\bTEXT\b`)

// adapt makes PostgreSQL's text of a migration: keys are in the order of their bytes, whatever the database was made with, and a table
// without a rowid is what every table is.
func adapt(text string) string {
	return textColumn.ReplaceAllString(strings.ReplaceAll(text, " WITHOUT ROWID", ""), `TEXT COLLATE "C"`)
}

// Codes of PostgreSQL, Appendix A.
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	tooManyConnections   = "53300"
	notOnAStandby        = "0A000" // not supported; of all that we ask only a serialisable transaction, and on a standby alone
	operatorIntervention = "57P"   // class: shutdown, crash, starting up
	connectionException  = "08"    // class
)

// judge implements sqlstore.Engine.
func judge(err error) sqlstore.Failure {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return judgeCode(answer.Code)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return sqlstore.Final
	}
	var refused *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &refused) || errors.As(err, &network) {
		return sqlstore.Lost
	}
	for _, gone := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone} {
		if errors.Is(err, gone) {
			return sqlstore.Lost
		}
	}
	return sqlstore.Final
}

func judgeCode(code string) sqlstore.Failure {
	switch {
	case code == uniqueViolation:
		return sqlstore.Duplicate
	case code == serializationFailure || code == deadlockDetected:
		return sqlstore.Conflict
	case code == tooManyConnections, code == notOnAStandby, strings.HasPrefix(code, operatorIntervention), strings.HasPrefix(code, connectionException):
		return sqlstore.Lost
	}
	return sqlstore.Final
}

// Ping tells whether the database answers and takes writes: a standby, or a server that is being restored, answers too.
func (s *Store) Ping(ctx context.Context) error {
	var readOnly string
	if err := s.db.QueryRowContext(ctx, `SHOW transaction_read_only`).Scan(&readOnly); err != nil {
		return err
	}
	if readOnly != "off" {
		return errors.New("PostgreSQL: the server is a standby or read-only, and takes no writes")
	}
	return nil
}

// Close tells the other processes what they have not been told yet, and closes the connections.
func (s *Store) Close() error {
	s.stop()
	return s.db.Close()
}
