// Command coffer-release makes and signs the updates of Coffer. It works on a folder: draft/ holds what waits for signatures, public/
// is what the update hosts serve. Private keys are files elsewhere; passphrases come from a file or the terminal, never from the
// command line.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/updater/release"
)

const usage = `coffer-release prepares the updates of Coffer.

  init       make the keys and draft the first root and targets
  add        draft a release: a file of one channel and platform
  patch      draft what earlier releases fetch instead of the whole file
  amend      draft another rollout, or withdraw a release with -halt
  renew      draft the same metadata with a new expiry
  rotate     draft the replacement of a key by a new one
  revoke     draft that a key counts no more, with none in its place for now
  sign       sign drafts with some keys
  publish    make signed drafts public
  timestamp  sign timestamp and, when it is due, snapshot again
  rehearse   go the whole way with throw-away keys, in a new folder, with the files that are meant for it
  status     list drafts and the next expiry

Each takes -dir, the repository, and -json for output that programs read. "coffer-release <command> -h" lists the rest.
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, time.Now))
}

// run is main without the process, for rehearsals. It returns the exit code: 0, 1 for a failure, 2 for a wrong command line.
func run(args []string, stdout, stderr io.Writer, now func() time.Time) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprint(stderr, usage)
		return 2
	}
	c := &context{now: now, ask: askTerminal}
	flags := flag.NewFlagSet("coffer-release "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.dir, "dir", "", "folder of the repository")
	flags.BoolVar(&c.json, "json", false, "print JSON")
	flags.StringVar(&c.passphraseFile, "passphrase-file", "", "file with the passphrase of encrypted keys; \"-\" asks")
	work := command(c, flags)
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || c.dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "coffer-release: -dir is required, and everything is a flag; try -h")
		return 2
	}
	c.repo = release.Open(c.dir, now)
	err := work()
	if err == nil {
		err = c.report(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "coffer-release:", err)
		return 1
	}
	return 0
}

// context is one run of a command.
type context struct {
	dir, passphraseFile string
	json                bool
	now                 func() time.Time
	repo                *release.Repository
	made                []string                            // key files
	done                []string                            // steps of a rehearsal
	ask                 func(prompt string) ([]byte, error) // for a passphrase
	typed               []byte                              // the passphrase, once it is known
}

// result is what -json prints, and every command ends with.
type result struct {
	Drafts  []release.Draft `json:"drafts"`
	Expires *time.Time      `json:"expires,omitempty"` // of the public timestamp
	Keys    []string        `json:"keys,omitempty"`    // files that were made
	Done    []string        `json:"done,omitempty"`    // steps of a rehearsal
}

func (c *context) report(out io.Writer) error {
	drafts, err := c.repo.Drafts()
	if err != nil {
		return err
	}
	r := result{Drafts: drafts, Keys: c.made, Done: c.done}
	if expires, err := c.repo.Expiry(); err == nil {
		r.Expires = &expires
	}
	if c.json {
		return json.NewEncoder(out).Encode(r)
	}
	for _, k := range r.Keys {
		fmt.Fprintln(out, "key  ", k)
	}
	for _, step := range r.Done {
		fmt.Fprintln(out, "done ", step)
	}
	for _, d := range r.Drafts {
		fmt.Fprintf(out, "draft %s, version %d: %d of %d signatures\n", d.Role, d.Version, d.SignedBy, d.Required)
	}
	if r.Expires != nil {
		fmt.Fprintln(out, "public until", r.Expires.Format(time.RFC3339))
	}
	return nil
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	if slices.Contains(*l, s) {
		return fmt.Errorf("given twice: %s", s)
	}
	*l = append(*l, s)
	return nil
}
