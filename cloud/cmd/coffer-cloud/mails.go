package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
)

// codeTryAgain tells a mail server to bring its report again later (EX_TEMPFAIL of sysexits).
const codeTryAgain = 75

func mailsCommand(ctx context.Context, p program, args []string) (err error) {
	var email string
	var asJSON bool
	o, rest, err := configure(p, "admin mails", args, needDatabase, func(flags *flag.FlagSet) {
		flags.StringVar(&email, "email", "", "address of somebody who misses a mail")
		flags.BoolVar(&asJSON, "json", false, "as JSON")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"admin mails takes no arguments beside its flags"}
	}
	store, secret, err := beside(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	operator := cloud.NewOperator(store, secret)
	var mails []cloud.SentMail
	if email == "" {
		mails, err = operator.FailedMails(ctx)
	} else {
		mails, err = operator.MailsTo(ctx, email)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(append([]cloud.SentMail{}, mails...))
	}
	return listMails(p.out, mails)
}

func listMails(out io.Writer, mails []cloud.SentMail) error {
	if len(mails) == 0 {
		_, err := fmt.Fprintln(out, "none in the last seven days")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "QUEUED\tSTATE\tSINCE\tKIND\tTO\tANSWER")
	for _, m := range mails {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Queued.Format(time.RFC3339), m.State, m.Changed.Format(time.RFC3339), m.Kind, m.To, m.Answer)
	}
	return table.Flush()
}

// bounceCommand is for a mail server's pipe. What is no report is dropped with success: an error would be mailed to whoever wrote it.
// What could not be kept is asked for again.
func bounceCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "admin bounce", args, needDatabase, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"admin bounce takes no arguments beside its flags"}
	}
	bounce, err := mail.ParseBounce(p.in)
	if err == nil {
		err = keepBounce(ctx, o, bounce)
	}
	switch {
	case errors.Is(err, mail.ErrNoBounce), errors.Is(err, cloud.ErrNotFound):
		_, err = fmt.Fprintln(p.out, "dropped: it is no report about a mail of the last seven days")
	case err != nil:
		fmt.Fprintln(p.errs, "coffer-cloud:", err)
		return exitCode(codeTryAgain)
	default:
		_, err = fmt.Fprintln(p.out, "noted:", bounce.Mail)
	}
	return err
}

func keepBounce(ctx context.Context, o options, b cloud.Bounce) error {
	store, secret, err := beside(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(cloud.NewOperator(store, secret).Bounced(ctx, b), store.Close())
}
