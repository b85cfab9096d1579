package sqlite

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// OnNetwork tells whether a file, or the folder that it would be made in, is on a network share. There a database in WAL mode can be
// damaged: its shared memory is not shared with other computers, and locks are often not kept. File systems in user space (FUSE) do not
// say what is behind them and count as local.
func OnNetwork(path string) (bool, error) {
	remote, err := onNetwork(path)
	if errors.Is(err, fs.ErrNotExist) {
		return onNetwork(filepath.Dir(path))
	}
	return remote, err
}
