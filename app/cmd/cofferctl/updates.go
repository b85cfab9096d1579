package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
)

// updateStatus is where updates stand on this PC. Where a service installs them, its record is for administrators alone.
type updateStatus struct {
	Service   string            `json:"service,omitempty"`
	LastCheck time.Time         `json:"last_check,omitzero"`
	Ready     string            `json:"ready,omitempty"`    // version that waits for a restart
	OnTrial   string            `json:"on_trial,omitempty"` // version that has not proved healthy yet
	Failed    []string          `json:"failed,omitempty"`   // versions that were taken back
	Reason    string            `json:"reason,omitempty"`   // why the last of them was, where a service installs
	Policy    map[string]string `json:"policy,omitempty"`   // what the administrator has decided about updates
	Error     string            `json:"error,omitempty"`
}

func (p *program) updateStatus() updateStatus {
	s := updateStatus{Service: updateService(), Policy: updatePolicy(p.manager.Policy())}
	if s.Service != "" {
		if version, reason := machine.TakenBack(); version != "" {
			s.Failed, s.Reason = []string{version}, reason
		}
		return s
	}
	found, err := updater.ReadStatus(filepath.Join(p.paths.Cache, "updates"))
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.LastCheck, s.Ready, s.OnTrial = found.Verified, versionText(found.Staged), versionText(found.Trial)
	for _, v := range found.Failed {
		s.Failed = append(s.Failed, v.String())
	}
	return s
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

// lines are for people.
func (s updateStatus) lines() (lines []string) {
	switch {
	case s.Error != "":
		return []string{"Updates: " + s.Error}
	case s.Service != "":
		lines = append(lines, "Updates: "+s.Service)
	case s.LastCheck.IsZero():
		lines = append(lines, "Updates: no check on record yet")
	default:
		lines = append(lines, "Updates: last check "+s.LastCheck.Local().Format("2006-01-02 15:04"))
	}
	if s.Ready != "" {
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
