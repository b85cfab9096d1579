package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
)

// updateStatus is where updates stand on this PC.
type updateStatus struct {
	Service   string            `json:"service,omitempty"`
	LastCheck time.Time         `json:"last_check,omitzero"`
	Refused   string            `json:"refused,omitempty"` // why the last look found nothing that counts
	Since     time.Time         `json:"refused_since,omitzero"`
	Ready     string            `json:"ready,omitempty"`    // version that waits for a restart
	OnTrial   string            `json:"on_trial,omitempty"` // version that has not proved healthy yet
	Failed    []string          `json:"failed,omitempty"`   // versions that were taken back
	Reason    string            `json:"reason,omitempty"`   // why the last of them was, where a service installs
	Policy    map[string]string `json:"policy,omitempty"`   // what the administrator has decided about updates
	Sealed    bool              `json:"sealed,omitempty"`   // the service's record is for administrators alone, and this is none
	Error     string            `json:"error,omitempty"`
}

func (p *program) updateStatus() updateStatus {
	service := updateService()
	s := updateStatus{Service: service, Policy: updatePolicy(p.manager.Policy())}
	found, err := p.updateRecord(service)
	if service != "" && errors.Is(err, fs.ErrPermission) {
		s.Sealed, err = true, nil
	}
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.LastCheck, s.Refused, s.Since = found.Verified, found.Refused, found.Since
	s.Ready, s.OnTrial = versionText(found.Staged), versionText(found.Trial)
	for _, v := range found.Failed {
		s.Failed = append(s.Failed, v.String())
	}
	if version, reason := machine.TakenBack(); service != "" && version != "" {
		s.Reason = reason
		if !slices.Contains(s.Failed, version) {
			s.Failed = append(s.Failed, version)
		}
	}
	return s
}

// updateRecord is what the updater remembers: that of the service, where there is one, or that of this user's program.
func (p *program) updateRecord(service string) (updater.Status, error) {
	folder := filepath.Join(p.paths.Cache, "updates")
	if service != "" {
		var err error
		if folder, err = machine.Folder(); err != nil {
			return updater.Status{}, err
		}
	}
	return updater.ReadStatus(folder)
}

func versionText(v *buildinfo.Number) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// updatePolicy is nil where nothing is decided.
func updatePolicy(p policy.Policy) map[string]string {
	var decided map[string]string
	for _, s := range p.InForce() {
		if strings.Contains(s.Name, "Update") || s.Name == "MaintenanceWindow" {
			if decided == nil {
				decided = map[string]string{}
			}
			decided[s.Name] = s.Value
		}
	}
	return decided
}

func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// lines are for people.
func (s updateStatus) lines() (lines []string) {
	if s.Service != "" {
		lines = append(lines, "Updates: "+s.Service)
	}
	switch {
	case s.Error != "":
		lines = append(lines, "Updates: "+s.Error)
	case s.Sealed:
		lines = append(lines, "Updates: when it last looked, and what it found, is for administrators: run this as one")
	case s.LastCheck.IsZero():
		lines = append(lines, "Updates: no check on record yet")
	default:
		lines = append(lines, "Updates: last check "+moment(s.LastCheck))
	}
	if s.Refused != "" {
		lines = append(lines, fmt.Sprintf("No update since %s: %s. Coffer goes on as it is, and looks again every four hours.", moment(s.Since), s.Refused))
	}
	switch {
	case s.Ready != "" && s.Service != "":
		lines = append(lines, "Coffer "+s.Ready+" has been fetched and waits to be installed.")
	case s.Ready != "":
		lines = append(lines, "Coffer "+s.Ready+" is ready; it is installed when Coffer restarts.")
	}
	if s.OnTrial != "" {
		lines = append(lines, "Coffer "+s.OnTrial+" is new here and has not proved yet that it works.")
	}
	if len(s.Failed) > 0 {
		lines = append(lines, "Did not work here, and is not tried again: "+strings.Join(s.Failed, ", "))
	}
	if s.Reason != "" {
		lines = append(lines, "Taken back since "+s.Reason)
	}
	for _, name := range policy.Names() {
		if value, decided := s.Policy[name]; decided {
			lines = append(lines, fmt.Sprintf("Decided by the administrator: %s %s", name, value))
		}
	}
	return lines
}
