package policy

import (
	"errors"
	"io"
	"io/fs"
	"strings"
)

// enrollFile has the token on one line.
const enrollFile = "/etc/coffer/enroll"

func enrollText() (string, error) { return enrollIn(enrollFile, 0) }

// enrollIn reads a file of a user's, who is root but in tests.
func enrollIn(path string, owner uint32) (string, error) {
	f, err := openOwned(path, owner)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(bounded(f))
	return strings.TrimRight(string(text), "\r\n"), err
}
