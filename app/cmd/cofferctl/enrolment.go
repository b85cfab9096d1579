package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/health"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/updater/machine"
)

// enrolled reads whose PC this is.
func (p *program) enrolled() (enrolment.Token, error) {
	if p.enrolment != nil {
		return p.enrolment()
	}
	return machine.Enrolment()
}

// organization is the name of whom this PC belongs to; empty for nobody, also where the token is damaged: doctor tells of that.
func (p *program) organization() string {
	token, _ := p.enrolled()
	return token.Name
}

// checkEnrolment names the organization that this PC belongs to; nothing for one that belongs to none.
func (p *program) checkEnrolment() []finding {
	token, err := p.enrolled()
	switch {
	case err != nil:
		return []finding{{"organization", false, "Coffer works as without one: " + err.Error()}}
	case token.Name == "":
		return nil
	}
	whose := finding{"organization", true, fmt.Sprintf("%s, server %s, language %s", token.Name, token.Domain, token.Language)}
	return []finding{whose, p.checkReports(token, time.Now())}
}

// lateReport is after how long without a report somebody should look: a weekend and a bank holiday are no trouble.
const lateReport = 7 * 24 * time.Hour

// checkReports tells when the organization last heard of this PC.
func (p *program) checkReports(token enrolment.Token, now time.Time) finding {
	f := finding{"reports to the organization", true, ""}
	dir, err := p.reportsFolder()
	var s health.State
	if err == nil {
		s, err = health.ReadState(dir)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		f.Detail = "the record is for administrators alone"
	case err != nil:
		f.OK, f.Detail = false, err.Error()
	case s.Serial != hex.EncodeToString(token.Serial[:]):
		f.Detail = "none yet with this token"
	case s.Outcome == health.Revoked:
		f.OK, f.Detail = false, "the organization has ended the token: nothing is sent. Install with another ENROLL, or remove this one"
	case s.Reported.IsZero() || now.Sub(s.Reported) > lateReport:
		f.OK, f.Detail = s.Reported.IsZero() && s.Failures == 0, strings.TrimSuffix("none for a week, or none at all: "+s.Reason, ": ")
	default:
		f.Detail = "the last " + s.Reported.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	return f
}

func (p *program) reportsFolder() (string, error) {
	if p.reports != "" {
		return p.reports, nil
	}
	return health.Folder()
}
