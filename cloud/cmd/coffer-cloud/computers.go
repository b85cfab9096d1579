package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/enrolment"
)

// computerCommands are about computers that an organization enrols before anybody signs in on them (docs/admin/server.md).
func computerCommands() []command {
	return []command{
		{"enroll-token", "make a token (ENROLL=…) for an organization's computers", enrollTokenCommand},
		{"enroll-revoke", "end a token, given as text or by its serial", enrollRevokeCommand},
		{"computers", "list an organization's computers: version, ring, last report, health", computersCommand},
		{"computer-remove", "take a computer off its list, by its id", computerRemoveCommand},
	}
}

// languages are those that Coffer speaks (assets/translations).
var languages = []string{"de", "en", "es", "fr", "it", "ja", "nl"}

// maxTokenDays is five years: whoever needs a token for longer makes another.
const maxTokenDays = 5 * 366

func enrollTokenCommand(ctx context.Context, p program, args []string) error {
	var org, name, language string
	var days int
	o, rest, err := configure(p, "admin enroll-token", args, needDomain, func(flags *flag.FlagSet) {
		flags.StringVar(&org, "org", "", "id of the organization, 32 hex digits; a new one if it is not given")
		flags.StringVar(&name, "name", "", "its name, as people are greeted with it")
		flags.StringVar(&language, "language", "en", "one of "+strings.Join(languages, ", "))
		flags.IntVar(&days, "days", 365, "how long computers may be enrolled with it")
	})
	if err != nil {
		return err
	}
	organization, idErr := organizationOf(org)
	if idErr != nil || name == "" || len(rest) > 0 || !slices.Contains(languages, language) || days < 1 || days > maxTokenDays {
		return usage{fmt.Sprintf("enroll-token needs --name NAME, and takes --org ID, --language %s and --days 1 to %d", strings.Join(languages, "|"), maxTokenDays)}
	}
	return withComputers(ctx, o, func(c *cloud.Computers) error {
		text, row, err := c.MakeToken(ctx, organization, o.domain, name, language, days)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "organization %s\nserial       %s\nlast day     %s\n\nENROLL=%s\n", organization, row.Serial, row.LastDay, text)
		return err
	})
}

// organizationOf is a new one for an empty text.
func organizationOf(text string) (id.ID, error) {
	if text == "" {
		return id.New(), nil
	}
	return id.Parse(text)
}

// needDomain says what misses who makes a token: it names the server.
func needDomain(o options) problems {
	wrong := needDatabase(o)
	if o.domain == "" {
		wrong = append(wrong, problem{o.at("domain"), "is not given", "name the base domain of this server, which the token tells computers"})
	}
	return wrong
}

func enrollRevokeCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "admin enroll-revoke", args, needDatabase, nil)
	if err != nil {
		return err
	}
	serial, err := serialOf(rest)
	if err != nil {
		return usage{"enroll-revoke needs one token, or its serial"}
	}
	return withComputers(ctx, o, func(c *cloud.Computers) error {
		if err := c.RevokeToken(ctx, serial); err != nil {
			return fmt.Errorf("token %s: %w", serial, err)
		}
		_, err := fmt.Fprintf(p.out, "revoked %s\n", serial)
		return err
	})
}

func serialOf(args []string) (id.ID, error) {
	if len(args) != 1 {
		return id.ID{}, errors.New("not one argument")
	}
	if token, err := enrolment.Parse(args[0]); err == nil {
		return token.Serial, nil
	}
	return id.Parse(args[0])
}

func computerRemoveCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "admin computer-remove", args, needDatabase, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usage{"computer-remove needs the id of one computer"}
	}
	computer, err := id.Parse(rest[0])
	if err != nil {
		return usage{"computer-remove needs the id of a computer, as the list has it"}
	}
	return withComputers(ctx, o, func(c *cloud.Computers) error {
		if err := c.Remove(ctx, computer); err != nil {
			return fmt.Errorf("computer %s: %w", computer, err)
		}
		_, err := fmt.Fprintf(p.out, "removed %s\n", computer)
		return err
	})
}

// listedComputer is one in words, and in JSON for scripts.
type listedComputer struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	System    string    `json:"system"`
	Ring      string    `json:"ring,omitempty"`
	Held      string    `json:"held,omitempty"`
	LastCheck time.Time `json:"last_check,omitzero"`
	LastSeen  time.Time `json:"last_report"`
	Health    []string  `json:"problems"`
	Copied    bool      `json:"copied"` // two computers report under one key
	Token     string    `json:"token_serial"`
}

func computersCommand(ctx context.Context, p program, args []string) error {
	var org string
	var asJSON bool
	o, rest, err := configure(p, "admin computers", args, needDatabase, func(flags *flag.FlagSet) {
		flags.StringVar(&org, "org", "", "id of the organization")
		flags.BoolVar(&asJSON, "json", false, "for scripts")
	})
	if err != nil {
		return err
	}
	organization, err := id.Parse(org)
	if err != nil || len(rest) > 0 {
		return usage{"computers needs --org ID, as enroll-token has printed it"}
	}
	return withComputers(ctx, o, func(c *cloud.Computers) error {
		all, err := c.List(ctx, organization)
		if err != nil {
			return err
		}
		list := make([]listedComputer, len(all))
		for i, row := range all {
			list[i] = listed(row)
		}
		if asJSON {
			return json.NewEncoder(p.out).Encode(list)
		}
		return printComputers(p.out, list)
	})
}

func listed(c cloud.Computer) listedComputer {
	l := listedComputer{
		ID: c.ID.String(), Name: c.Name, Version: c.Version, System: c.System, Ring: c.Ring, Held: c.Held, LastSeen: time.UnixMilli(c.LastSeen).UTC(),
		Health: slices.Concat([]string{}, c.Problems), Copied: c.Doubled != 0, Token: c.Serial.String(),
	}
	if c.LastCheck > 0 {
		l.LastCheck = time.UnixMilli(c.LastCheck).UTC()
	}
	return l
}

func printComputers(out io.Writer, list []listedComputer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tVERSION\tRING\tUPDATES\tLAST REPORT\tHEALTH\tSYSTEM\tID")
	for _, c := range list {
		health := cmp.Or(strings.Join(c.Health, ", "), "good")
		if c.Copied {
			health += "; two computers under one id"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, c.Version, cmp.Or(c.Ring, "-"), cmp.Or(c.Held, "-"), c.LastSeen.Format("2006-01-02 15:04"), health, c.System, c.ID)
	}
	return table.Flush()
}

// withComputers works on the server's data while the server may run: what is asked here keeps nothing in memory, so the folder need not
// be its own.
func withComputers(ctx context.Context, o options, do func(*cloud.Computers) error) (err error) {
	store, secret, err := beside(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(cloud.NewComputers(cloud.Config{Store: store, Secret: secret, Now: time.Now, Random: rand.Reader}))
}
