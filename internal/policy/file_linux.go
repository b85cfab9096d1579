package policy

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// maxFile is far more than all settings take.
const maxFile = 64 << 10

// openOwned opens a file that its owner alone can write: whoever else could would set the policy. A link is followed, as tools for many
// computers make them, and what it leads to is what is looked at. A pipe in its place does not block.
func openOwned(path string, owner uint32) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	info, err := f.Stat()
	if err == nil {
		err = owned(info, owner)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func owned(info os.FileInfo, owner uint32) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return errors.New("is no file")
	case !ok || stat.Uid != owner:
		return errors.New("does not belong to root, and does not count")
	case info.Mode().Perm()&0o022 != 0:
		return errors.New("can be written by others than root, and does not count")
	case info.Size() > maxFile:
		return errors.New("is too large")
	}
	return nil
}

// cause drops the path, which a Problem names already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// bounded also holds for a file that grows meanwhile.
func bounded(r io.Reader) io.Reader { return io.LimitReader(r, maxFile) }
