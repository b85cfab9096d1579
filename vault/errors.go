package vault

import "errors"

// The errors of an unlocked vault, besides those of its Store.
var (
	// ErrClosed: the vault was locked.
	ErrClosed = errors.New("the vault is locked")
	// ErrNotFound: no object of that id, or it was deleted.
	ErrNotFound = errors.New("no such item")
	// ErrUnreadable: the object is there and does not open. It is kept as it is.
	ErrUnreadable = errors.New("the item does not open")
	// ErrMissing: the object's envelope was not fetched yet, or was damaged here and will be fetched again.
	ErrMissing = errors.New("the item is not loaded yet")
	// ErrNewerItem: a newer version of the program wrote the item; it can be read here and not changed.
	ErrNewerItem = errors.New("the item was written by a newer version")
	// ErrTooLarge: the item is larger than an envelope can hold, about 1 MB.
	ErrTooLarge = errors.New("the item is too large")
	// ErrInvalid: the item has text that is not UTF-8, no kind, or two custom fields with one id.
	ErrInvalid = errors.New("the item is invalid")
	// ErrOvertaken: another program has moved the pin of the same file. Nothing was written; the caller reads the state again.
	ErrOvertaken = errors.New("another program has brought the vault further")
	// ErrOutbox: the push is not the one in flight, or not one of what is there now.
	ErrOutbox = errors.New("no such push in flight")
)
