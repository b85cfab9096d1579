package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/crypto/id"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

func accountCommands() []command {
	return []command{
		{"export", "what the server knows of a person, as JSON", exportCommand},
		{"erase-account", "remove an account and everything of it, for good", eraseCommand},
		{"mails", "what became of mails: those that did not arrive, or with --email those to an address", mailsCommand},
		{"bounce", "take a mail server's report of a mail that came back, from standard input", bounceCommand},
	}
}

// beside opens the data of a server that may be running. It makes neither a database nor a secret, and leaves the schema as it is: a
// server of another version may be using it.
func beside(ctx context.Context, o options) (database, cloud.Secret, error) {
	if err := o.wantSchema(ctx); err != nil {
		return nil, cloud.Secret{}, err
	}
	if o.onPostgres() {
		return openShared(ctx, o, slog.New(slog.DiscardHandler))
	}
	return openOwn(ctx, o)
}

// errNoDatabase says that there is none yet.
var errNoDatabase = errors.New("no server has its data there")

// otherSchema is a database of another version.
type otherSchema struct{ have, want int64 }

func (e otherSchema) Error() string {
	if e.have > e.want {
		return fmt.Sprintf("a newer version of this program wrote it: schema %d, this one knows %d", e.have, e.want)
	}
	return fmt.Sprintf("it has schema %d, and this version writes %d: start the server or run migrate first", e.have, e.want)
}

// wantSchema reads the database's version and nothing else. Errors: errNoDatabase, otherSchema.
func (o options) wantSchema(ctx context.Context) (err error) {
	var db *sql.DB
	if o.onPostgres() {
		address, err := o.databaseAddress()
		if err != nil {
			return err
		}
		if db, err = sql.Open("pgx", address); err != nil {
			return err
		}
	} else {
		if _, err := os.Stat(o.databaseFile()); errors.Is(err, fs.ErrNotExist) {
			return errNoDatabase
		}
		if db, err = ownsqlite.Open(ctx, o.databaseFile(), ownsqlite.Options{ReadOnly: true}); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	have, err := sqlstore.VersionOf(ctx, db)
	if want := sqlstore.Version(); err == nil && have != want {
		return otherSchema{have, want}
	}
	return err
}

// onAccount runs do on the account that the arguments name.
func onAccount(ctx context.Context, p program, name string, args []string, own func(*flag.FlagSet), do func(context.Context, *cloud.Operator, id.ID) error) (err error) {
	var email, account string
	o, rest, err := configure(p, "admin "+name, args, needDatabase, func(flags *flag.FlagSet) {
		flags.StringVar(&email, "email", "", "address of the account")
		flags.StringVar(&account, "account", "", "or its id")
		if own != nil {
			own(flags)
		}
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 || (email == "") == (account == "") {
		return usage{"admin " + name + " needs --email or --account, one of them"}
	}
	store, secret, err := beside(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	operator := cloud.NewOperator(store, secret)
	var which id.ID
	if account != "" {
		which, err = id.Parse(account)
	} else {
		which, err = operator.Find(ctx, email)
	}
	if err == nil {
		err = do(ctx, operator, which)
	}
	if errors.Is(err, cloud.ErrNotFound) {
		return errors.New("there is no such account")
	}
	return err
}

// exportCommand answers who asks for what is stored of him.
func exportCommand(ctx context.Context, p program, args []string) error {
	return onAccount(ctx, p, "export", args, nil, func(ctx context.Context, o *cloud.Operator, account id.ID) error {
		held, err := o.Export(ctx, account)
		if err != nil {
			return err
		}
		out := json.NewEncoder(p.out)
		out.SetIndent("", "  ")
		return out.Encode(held)
	})
}

func eraseCommand(ctx context.Context, p program, args []string) error {
	var yes bool
	own := func(flags *flag.FlagSet) {
		flags.BoolVar(&yes, "yes", false, "do it; without this only says what would go")
	}
	return onAccount(ctx, p, "erase-account", args, own, func(ctx context.Context, o *cloud.Operator, account id.ID) error {
		held, err := o.Export(ctx, account)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("account %s with %d devices, %d vaults, %d bytes", account, len(held.Devices), len(held.Vaults), held.UsedBytes)
		if !yes {
			return usage{"would erase " + what + "; say --yes to do it. Nothing but a backup brings it back"}
		}
		if err := o.Erase(ctx, account); err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.out, "erased", what)
		return err
	})
}

// verifyCommand checks every chain of the database and ends with an error if a row does not follow.
func verifyCommand(ctx context.Context, p program, args []string) (err error) {
	asJSON := false
	o, rest, err := configure(p, "verify-log", args, needDatabase, func(flags *flag.FlagSet) {
		flags.BoolVar(&asJSON, "json", false, "one JSON object a line")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"verify-log takes no arguments beside its flags"}
	}
	store, secret, err := beside(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	findings, out := 0, json.NewEncoder(p.out)
	sum, err := cloud.NewOperator(store, secret).VerifyLogs(ctx, func(f cloud.Finding) {
		findings++
		if asJSON {
			_ = out.Encode(f) // the sum at the end meets the same error
			return
		}
		fmt.Fprintf(p.out, "%s: %s\n", f.Row, f.Problem)
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = out.Encode(struct {
			cloud.Checked
			Findings int `json:"findings"`
		}{sum, findings})
	} else {
		_, err = fmt.Fprintf(p.out, "%d accounts, %d log entries, %d vaults, %d commits, %d objects: %d findings\n",
			sum.Accounts, sum.Entries, sum.Vaults, sum.Commits, sum.Objects, findings)
	}
	if err == nil && findings > 0 {
		return exitCode(codeFailed)
	}
	return err
}
