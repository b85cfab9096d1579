package updater

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// Status is what the updater of a folder remembers, for technicians.
type Status struct {
	Verified time.Time          // when a host last proved to be current, zero if never
	Refused  string             // why the last look found nothing that counts, empty if it did
	Since    time.Time          // when that was first the reason
	Staged   *buildinfo.Number  // the release that is ready to be applied
	Trial    *buildinfo.Number  // the release that is in place, or was meant to be, and has not proved healthy yet
	Failed   []buildinfo.Number // releases that did not work here, and are not tried again
}

// ReadStatus looks at the folder of an updater, and changes nothing. A folder that there is not is one that remembers nothing.
func ReadStatus(dir string) (Status, error) {
	data, err := os.ReadFile((&store{dir: dir}).path())
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, nil
	}
	var s state
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return Status{}, fmt.Errorf("read update state: %w", err)
	}
	status := Status{Verified: s.Verified, Failed: s.Failed}
	if s.Refused != nil {
		status.Refused, status.Since = s.Refused.Reason, s.Refused.Since
	}
	if s.Staged != nil {
		status.Staged = &s.Staged.Version
	}
	if s.Swap != nil {
		status.Trial = &s.Swap.To
	}
	return status, nil
}
