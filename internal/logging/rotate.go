package logging

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// rotating is a log file that keeps one predecessor, so that a log can never fill the disk.
type rotating struct {
	mu   sync.Mutex
	path string
	max  int64
	file *os.File
	size int64
}

func openRotating(path string, max int64) (*rotating, error) {
	r := &rotating{path: path, max: max}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *rotating) open() error {
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open log: %w", errors.Join(err, file.Close()))
	}
	r.file, r.size = file, info.Size()
	return nil
}

// Write appends one record, which is never split over two files.
func (r *rotating) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size > 0 && r.size+int64(len(p)) > r.max {
		if err := r.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := r.file.Write(p)
	r.size += int64(n)
	return n, err
}

// rotate goes on with the same file if it cannot be renamed: a long log is better than none.
func (r *rotating) rotate() error {
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	renameErr := os.Rename(r.path, r.path+".old")
	if err := r.open(); err != nil {
		return errors.Join(renameErr, err)
	}
	return nil
}

func (r *rotating) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file.Close()
}
