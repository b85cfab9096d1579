// Package importer turns the passwords that browsers and files hold into a plan for the vault.
//
//	browser profile, exported file ──▶ Source ──▶ Rows ──▶ NewPlan ──▶ Plan ──▶ (the session writes it)
//	                                                          ▲
//	                            what the vault holds (Existing)
//
// Everything that is read is hostile input: a bad row becomes a row with a reason and never ends the import, sizes and costs are
// capped, and nothing is written anywhere, not even to a temporary file. What differs by machine comes through one Environment,
// so that the paths of every operating system are tested on each. The planner is a pure function.
//
// Sources: packages chromium and firefox (browsers), format (files). The operating systems' key stores: package keystore.
package importer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
)

var (
	// ErrPrimaryPasswordNeeded is returned by a source whose rows are encrypted under a password only the user knows.
	ErrPrimaryPasswordNeeded = errors.New("a primary password is needed")
	// ErrWrongPrimaryPassword is returned when the password given does not open the source.
	ErrWrongPrimaryPassword = errors.New("wrong primary password")
	// ErrInUse is returned when a file kept changing while it was read; trying again later is right.
	ErrInUse = errors.New("the file is being written by another program")
	// ErrTooLarge is returned for a file beyond any plausible size.
	ErrTooLarge = errors.New("the file is too large")
	// ErrMalformed is returned for a file that is damaged or not of the format it should be.
	ErrMalformed = errors.New("the file is damaged or of an unknown format")
)

// Source is one place that stores logins: a browser profile or an exported file.
type Source interface {
	Info() Info
	// Rows yields every stored row once, in any order. A non-nil error comes last and says why the remaining rows are missing:
	// ErrPrimaryPasswordNeeded, ErrWrongPrimaryPassword, ErrInUse, ErrTooLarge, ErrMalformed, the context's or the
	// file system's. primaryPassword is borrowed; the zero value means none was given.
	Rows(ctx context.Context, primaryPassword secret.Bytes) iter.Seq2[Row, error]
}

// Info describes a source. Browser and Profile are for people.
type Info struct {
	ID      string // "chrome/Default"; the same at every run, and no other source's
	Browser string // "Google Chrome"
	Profile string // the name the user gave the profile
	Count   int    // rows stored, read without decrypting anything; -1 if unknown
	Size    int64  // bytes of the archive that its files are in; 0 for none
}

// Row is what a source holds in one row: a record, or the reason why there is none.
type Row struct {
	ID     string  // identity within the source, for the report
	Site   string  // host or title, to show in the report; never logged
	Record *Record // nil if and only if Reason is set
	Reason Reason

	Username string // of a row without a record, where it is known all the same
}

// IDs gives sources their IDs: a browser that is installed twice, as a package and as a Flatpak say, has profiles of one name.
type IDs map[string]int

// Unique returns the id, which gets a number at the end from the second time on.
func (i IDs) Unique(id string) string {
	i[id]++
	if i[id] == 1 {
		return id
	}
	return fmt.Sprintf("%s#%d", id, i[id])
}

// Readout is all that one source gave.
type Readout struct {
	Info Info
	Rows []Row
	Err  error // why rows are missing; nil if all are there
}

// Read collects the rows of a source. What was read before an error is kept. A record that no vault can hold becomes a row with
// its reason: written in one transaction with the others, it would keep them all out.
func Read(ctx context.Context, source Source, primaryPassword secret.Bytes) Readout {
	readout := Readout{Info: source.Info()}
	left := room{files: maxFiles, bytes: Room(readout.Info.Size)}
	for row, err := range source.Rows(ctx, primaryPassword) {
		if err != nil {
			readout.Err = err
			break
		}
		row = row.fitted()
		if row.Record != nil {
			left.fit(ctx, row.Record)
		}
		readout.Rows = append(readout.Rows, row)
	}
	return readout
}

func (r Row) fitted() Row {
	r.ID, r.Site, r.Username = strings.ToValidUTF8(r.ID, ""), strings.ToValidUTF8(r.Site, ""), strings.ToValidUTF8(r.Username, "")
	if r.Record == nil {
		return r
	}
	if reason := r.Record.unfit(); reason != "" {
		r.Record.Wipe()
		r.Record, r.Reason = nil, reason
		return r
	}
	r.Record.settle()
	return r
}

// Records returns the records among the rows.
func (r Readout) Records() []*Record {
	var records []*Record
	for _, row := range r.Rows {
		if row.Record != nil {
			records = append(records, row.Record)
		}
	}
	return records
}

// Reason says why a row gave no record. It is a code: the screens have the sentences.
type Reason string

const (
	// Left out on purpose.

	ReasonNeverSave   Reason = "never-save"  // the user told the browser never to save this site's password
	ReasonDeleted     Reason = "deleted"     // a marker that synchronisation keeps for a deleted login
	ReasonInternal    Reason = "internal"    // the browser's own account, of no use elsewhere
	ReasonEmpty       Reason = "empty"       // neither a user name nor a password nor a note
	ReasonUnsupported Reason = "unsupported" // a kind or a size of entry that Coffer cannot hold
	ReasonFile        Reason = "file"        // a file of an archive that belongs to no entry that is imported

	// There, but kept from other programs.

	ReasonAppBound       Reason = "app-bound"       // Windows, prefix v20: only the browser can decrypt it
	ReasonPortal         Reason = "portal"          // Linux, prefix v12: the key belongs to the sandboxed application
	ReasonNewerScheme    Reason = "newer-scheme"    // encrypted in a way this program does not know
	ReasonKeyUnavailable Reason = "key-unavailable" // the system's key store is locked, refused or has no such key

	// Damaged.

	ReasonUndecryptable Reason = "undecryptable" // the key does not fit, or bits have changed
	ReasonMalformed     Reason = "malformed"     // not text, or a field that cannot be parsed
)

// Outcome says what becomes of a row; a report counts them.
type Outcome string

const (
	Imported     Outcome = "imported"      // a new item
	Merged       Outcome = "merged"        // its addresses, note or password went into an item with the same key
	AlreadyThere Outcome = "already-there" // nothing in it is new
	KeptBoth     Outcome = "kept-both"     // a new item beside one with the same key and another password, for the user to decide
	Skipped      Outcome = "skipped"
	Protected    Outcome = "protected"
	Unreadable   Outcome = "unreadable"
)

// Outcome of a row that gave no record.
func (r Reason) Outcome() Outcome {
	switch r {
	case ReasonAppBound, ReasonPortal, ReasonNewerScheme, ReasonKeyUnavailable:
		return Protected
	case ReasonUndecryptable, ReasonMalformed:
		return Unreadable
	}
	return Skipped
}

// Exported tells whether a row that gave no record for this reason is in a file that its own program exports: the program can read it.
func (r Reason) Exported() bool {
	return r == ReasonAppBound || r == ReasonPortal || r == ReasonNewerScheme
}
