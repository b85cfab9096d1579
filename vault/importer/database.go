package importer

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

const (
	readAttempts  = 20
	readPause     = 100 * time.Millisecond
	journalHeader = 28 // bytes; all zero while no transaction is under way
)

// OpenDatabase opens a SQLite file of another program in memory, also while that program runs and locks it: the bytes are
// read twice until both are equal and no transaction was under way, then opened as an untrusted image.
// Errors: ErrInUse, ErrTooLarge, ErrMalformed, the context's or the file system's.
func (e Environment) OpenDatabase(ctx context.Context, name string) (*sql.DB, error) {
	image, err := e.readStable(ctx, name)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.OpenImage(image)
	if sqlite.IsNotADatabase(err) {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return db, err
}

func (e Environment) readStable(ctx context.Context, name string) ([]byte, error) {
	for range readAttempts {
		image, stable, err := e.readTwice(name)
		if err != nil || stable {
			return image, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.Wait(readPause):
		}
	}
	return nil, ErrInUse
}

// readTwice returns the database with its write-ahead log applied. The files are stable if two readings are the same and
// the rollback journal, which exists while pages are overwritten, was idle before and after.
func (e Environment) readTwice(name string) (image []byte, stable bool, err error) {
	idleBefore, err := e.journalIdle(name)
	if err != nil {
		return nil, false, err
	}
	first, firstLog, err := e.readWithLog(name)
	if err != nil {
		return nil, false, err
	}
	second, secondLog, err := e.readWithLog(name)
	if err != nil {
		return nil, false, err
	}
	idleAfter, err := e.journalIdle(name)
	if err != nil {
		return nil, false, err
	}
	if !idleBefore || !idleAfter || !bytes.Equal(first, second) || !bytes.Equal(firstLog, secondLog) {
		return nil, false, nil
	}
	image, err = sqlite.MergeLog(first, firstLog)
	return image, err == nil, err
}

func (e Environment) readWithLog(name string) (image, log []byte, err error) {
	if image, err = e.ReadFile(name, sqlite.MaxImageSize); err != nil {
		return nil, nil, err
	}
	log, err = e.ReadFile(name+"-wal", sqlite.MaxImageSize)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return image, log, err
}

func (e Environment) journalIdle(name string) (bool, error) {
	file, err := e.Files.Open(name + "-journal")
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	var header [journalHeader]byte
	n, _ := file.Read(header[:])
	return bytes.Equal(header[:n], make([]byte, n)), nil
}
