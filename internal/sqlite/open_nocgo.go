//go:build !cgo

package sqlite

import (
	"context"
	"database/sql"
)

// Open fails: see ErrNoCGO.
func Open(context.Context, string, Options) (*sql.DB, error) { return nil, ErrNoCGO }

// OpenImage fails: see ErrNoCGO.
func OpenImage([]byte) (*sql.DB, error) { return nil, ErrNoCGO }

// Columns fails: see ErrNoCGO.
func Columns(context.Context, *sql.DB, string) ([]string, error) { return nil, ErrNoCGO }

// No database can be open without cgo, so no error is of any class.

func IsFull(error) bool         { return false }
func IsBusy(error) bool         { return false }
func IsReadOnly(error) bool     { return false }
func IsIO(error) bool           { return false }
func IsCannotOpen(error) bool   { return false }
func IsCorrupt(error) bool      { return false }
func IsUnique(error) bool       { return false }
func IsNotADatabase(error) bool { return false }
func IsWrongSchema(error) bool  { return false }
