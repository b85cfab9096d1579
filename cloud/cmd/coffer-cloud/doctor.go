package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
)

// What doctor says of a matter.
const (
	fine    = "ok"
	warning = "warning"
	broken  = "failed"
)

// codeWarning is how doctor ends if nothing is broken and something will be.
const codeWarning = 3

// finding is what doctor says of one matter. Remedy is empty where nothing is to be done.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// doctor looks at everything that a server with these settings needs. It changes nothing.
type doctor struct {
	options
	now      time.Time
	findings []finding
}

func (d *doctor) say(check, state, remedy, detail string, args ...any) {
	if state == fine {
		remedy = ""
	}
	d.findings = append(d.findings, finding{check, state, fmt.Sprintf(detail, args...), remedy})
}

// checkTime bounds each check that waits for another machine.
const checkTime = 15 * time.Second

func doctorCommand(ctx context.Context, p program, args []string) error {
	asJSON := false
	o, rest, err := configure(p, "doctor", args, needServer, func(flags *flag.FlagSet) {
		flags.BoolVar(&asJSON, "json", false, "as JSON")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"doctor takes no arguments beside its flags"}
	}
	d := &doctor{options: o, now: time.Now()}
	d.examine(ctx)
	if err := d.write(p.out, asJSON); err != nil {
		return err
	}
	return d.verdict()
}

func (d *doctor) examine(ctx context.Context) {
	d.say("settings", fine, "", "understood")
	if d.stores() {
		d.folder()
		d.space(d.data)
		d.databaseState(ctx)
	}
	d.clock()
	if d.has(roleWorker) && d.smtp != "" {
		d.mailServer(ctx)
	}
	d.certificateState(ctx)
	if d.has(roleUpdates) && d.updates != "" {
		d.updateFiles()
	}
}

func (d *doctor) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"checks": d.findings})
	}
	for _, f := range d.findings {
		line := fmt.Sprintf("%-8s %-12s %s\n", f.State, f.Check, f.Detail)
		if f.Remedy != "" {
			line += fmt.Sprintf("%21s → %s\n", "", f.Remedy)
		}
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
	return nil
}

// verdict is the exit code: the worst of the findings.
func (d *doctor) verdict() error {
	warned := false
	for _, f := range d.findings {
		if f.State == broken {
			return exitCode(codeFailed)
		}
		warned = warned || f.State == warning
	}
	if warned {
		return exitCode(codeWarning)
	}
	return nil
}

// folder looks whether the server can write, and whether others can read.
func (d *doctor) folder() {
	const check = "data"
	info, err := os.Stat(d.data)
	if err != nil {
		d.say(check, broken, "make it for the server's user, with mode 0700", "%s: %s", d.data, reason(err))
		return
	}
	file, err := os.CreateTemp(d.data, "doctor-*.tmp")
	if err != nil {
		d.say(check, broken, "give it to the server's user; or run doctor as that user", "%s cannot be written: %s", d.data, reason(err))
		return
	}
	_, err = file.Write(make([]byte, 4096))
	err = errors.Join(err, file.Sync(), file.Close(), os.Remove(file.Name()))
	switch {
	case err != nil:
		d.say(check, broken, "look at the disk", "%s cannot be written: %s", d.data, reason(err))
	case info.Mode().Perm()&0o077 != 0:
		d.say(check, warning, "chmod 0700", "%s can be read by other users", d.data)
	default:
		d.say(check, fine, "", "%s can be written", d.data)
	}
}

// databaseState looks at the schema first: to open a database as the server does would bring it up to date.
func (d *doctor) databaseState(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if !d.schemaState(ctx) {
		return
	}
	store, secret, err := beside(ctx, d.options)
	if err != nil {
		d.say("database", broken, "look whether it runs, and at --database and its password", "cannot be opened: %v", err)
		return
	}
	defer store.Close()
	waiting, since, err := cloud.NewOperator(store, secret).MailQueue(ctx)
	if err != nil {
		d.say("database", broken, "look whether it runs", "does not answer: %v", err)
		return
	}
	d.say("database", fine, "", "answers; schema %d", sqlstore.Version())
	const tooLong = 15 * time.Minute
	if age := d.now.Sub(since); waiting > 0 && age > tooLong {
		d.say("outbox", warning, "look at the mail server's log, and for \"mail not sent\" in the server's", "%d mails wait, the oldest for %s", waiting, age.Round(time.Second))
		return
	}
	d.say("outbox", fine, "", "%d mails wait", waiting)
}

// schemaState tells whether the database may be opened as the server opens it.
func (d *doctor) schemaState(ctx context.Context) bool {
	const check = "database"
	err := d.wantSchema(ctx)
	var other otherSchema
	switch {
	case errors.Is(err, errNoDatabase):
		d.say(check, warning, "start the server, or restore a backup", "there is none yet")
	case errors.As(err, &other) && other.have < other.want:
		d.say(check, warning, "make a backup, and start the server or run migrate", "%v", other)
	case errors.As(err, &other):
		d.say(check, broken, "install the newer version again", "%v", other)
	case err != nil:
		d.say(check, broken, "look whether it runs, at --database and its password, at the disk; restore a backup", "cannot be read: %v", err)
	default:
		return d.secretState()
	}
	return false
}

func (d *doctor) secretState() bool {
	info, err := os.Stat(d.secretPath())
	if err != nil || info.Size() != 32 {
		d.say("secret", broken, "put it back from the backup: no server starts on this database without it", "%s is missing or damaged", d.secretPath())
		return false
	}
	return true
}

func (d *doctor) mailServer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	sender, err := mail.NewSMTP(d.smtp, d.smtpPassword, d.mailFrom)
	if err == nil {
		err = sender.Check(ctx)
	}
	if err != nil {
		d.say("mail", broken, "look at --smtp, its password, and the firewall to the mail server", "%v", err)
		return
	}
	d.say("mail", fine, "", "the mail server takes us")
}

// Days that a certificate should have, at least: those of ACME are renewed 30 days before their end, or after two thirds of a short life.
const certificateWarning = 20 * 24 * time.Hour

func (d *doctor) certificateState(ctx context.Context) {
	switch {
	case d.certificate != "":
		c, err := openCertificates(d.certificate, d.key, time.Now, nil)
		if err != nil {
			d.say("certificate", broken, "give a chain and its key, in PEM, that this user may read", "%v", err)
			return
		}
		for host := range d.router(unserved, unserved, nil).hosts {
			if err := c.current.Load().Leaf.VerifyHostname(host); d.domain != "" && err != nil {
				d.say("certificate", broken, "get one for all names of the domain", "is not for %s", host)
			}
		}
		d.lifetime("certificate", c.current.Load().Leaf.NotBefore, c.current.Load().Leaf.NotAfter)
	case d.acme != "":
		for host := range d.router(unserved, unserved, nil).hosts {
			d.issued(ctx, host)
		}
	}
}

// issued looks at what ACME has got for a host.
func (d *doctor) issued(ctx context.Context, host string) {
	leaf, err := cachedLeaf(ctx, filepath.Join(d.data, "acme"), host)
	switch {
	case errors.Is(err, autocert.ErrCacheMiss):
		d.say("certificate", warning, "open https://"+host+"/ once; look at DNS, port 443 and the server's log if that fails", "none for %s yet", host)
	case err != nil:
		d.say("certificate", broken, "look into the folder acme of the data folder", "%s: %v", host, err)
	default:
		d.lifetime(host, leaf.NotBefore, leaf.NotAfter)
	}
}

func (d *doctor) lifetime(what string, begin, end time.Time) {
	left := end.Sub(d.now)
	enough := min(certificateWarning, end.Sub(begin)/4)
	switch detail := fmt.Sprintf("%s: %d days left", what, int(left.Hours()/24)); {
	case left <= 0:
		d.say("certificate", broken, "renew it; or the clock is wrong", "%s: ended %s", what, end.UTC().Format(time.RFC3339))
	case begin.After(d.now):
		d.say("certificate", broken, "the clock is wrong; or wait", "%s: begins %s", what, begin.UTC().Format(time.RFC3339))
	case left < enough:
		d.say("certificate", warning, "renew it: whatever does that for you has stopped", "%s", detail)
	default:
		d.say("certificate", fine, "", "%s", detail)
	}
}

// updateWarning is how long before its end a timestamp of the update repository should have been signed anew.
const updateWarning = 24 * time.Hour

func (d *doctor) updateFiles() {
	const check = "updates"
	data, err := readSmall(filepath.Join(d.updates, "metadata", "timestamp.json"), maxConfigFile)
	if err != nil {
		d.say(check, broken, "publish the repository's metadata and targets into the folder", "no timestamp in %s: %s", d.updates, reason(err))
		return
	}
	var timestamp struct {
		Signed struct {
			Expires time.Time `json:"expires"`
		} `json:"signed"`
	}
	left := time.Duration(0)
	if err = json.Unmarshal(data, &timestamp); err == nil {
		left = timestamp.Signed.Expires.Sub(d.now)
	}
	const remedy = "sign the timestamp anew: clients refuse an old one"
	switch {
	case err != nil || timestamp.Signed.Expires.IsZero():
		d.say(check, broken, "publish the repository again", "the timestamp cannot be read")
	case left <= 0:
		d.say(check, broken, remedy, "the timestamp ended %s", timestamp.Signed.Expires.UTC().Format(time.RFC3339))
	case left < updateWarning:
		d.say(check, warning, remedy, "the timestamp ends in %s", left.Round(time.Minute))
	default:
		d.say(check, fine, "", "the timestamp is good for %s", left.Round(time.Minute))
	}
}
