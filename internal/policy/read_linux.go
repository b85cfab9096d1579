package policy

import (
	"errors"
	"io/fs"
)

// file is where administrators write the policy, by hand, by a package or by a tool for many computers.
const file = "/etc/coffer/policy.json"

func read() (values, []Problem) { return readFile(file, 0) }

// readFile reads a file of a user's, who is root but in tests.
func readFile(path string, owner uint32) (values, []Problem) {
	f, err := openOwned(path, owner)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []Problem{{path, err.Error()}}
	}
	defer f.Close()
	vs, problems, err := decode(bounded(f))
	if err != nil {
		return nil, []Problem{{path, err.Error()}}
	}
	return vs, problems
}
