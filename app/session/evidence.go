package session

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/sync/engine"
)

// How much evidence of violations is kept per account. What was kept first stays: it shows how it began.
const (
	maxEvidence      = 10
	maxEvidenceBytes = 4 << 20
)

// evidenceFile is the JSON of a violation: what the server answered, beside what this device had verified. No envelope, no plaintext.
type evidenceFile struct {
	Time    time.Time `json:"time"`
	Account string    `json:"account"`
	Error   string    `json:"error"`
	engine.Evidence
	AnswerSHA256 string `json:"answer_sha256"`
}

// noteEvidence keeps the evidence of a violation and shows its path in the status. Where it cannot be written, the status has none.
func (u *Unlocked) noteEvidence(err error) {
	var v *engine.Violation
	if !errors.As(err, &v) {
		return
	}
	path, err := u.m.keepEvidence(u.own.bundle.Account, v)
	if err != nil {
		u.m.cfg.Log.Warn("evidence not kept", "error", err)
	}
	u.board.change(func(s *Status) { s.Evidence = path })
}

// keepEvidence writes a violation beside the vault, once however often it is seen, and returns its path; none once there is enough.
func (m *Manager) keepEvidence(account id.ID, v *engine.Violation) (string, error) {
	answer, err := json.Marshal(v.Evidence.Answer)
	if err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	sum := sha256.Sum256(append(answer, v.Evidence.Pin.Hash...))
	path := filepath.Join(m.cfg.Paths.Data, fmt.Sprintf("%s.evidence-%x.json", account, sum[:8]))
	kept := m.evidence(account)
	for _, k := range kept {
		if k == path {
			return path, nil
		}
	}
	if len(kept) >= maxEvidence {
		return "", nil
	}
	file := evidenceFile{
		Time: m.cfg.Now().UTC(), Account: account.String(), Error: v.Err.Error(), Evidence: v.Evidence,
		AnswerSHA256: fmt.Sprintf("%x", sha256.Sum256(answer)),
	}
	if len(answer) > maxEvidenceBytes {
		file.Answer = nil // the hash says which one it was
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	return path, atomicfile.WriteFile(path, data, 0o600)
}

// evidence lists the files of an account, the oldest first.
func (m *Manager) evidence(account id.ID) []string {
	found, err := named(m.cfg.Paths.Data, account.String()+".evidence-", ".json")
	if err != nil {
		m.cfg.Log.Warn("evidence not listed", "error", err)
	}
	age := map[string]time.Time{}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil {
			age[path] = info.ModTime()
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return age[found[i]].Before(age[found[j]]) })
	return found
}
