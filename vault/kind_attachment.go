package vault

import (
	"errors"

	"github.com/coffer-vault/coffer/crypto/id"
)

// attachmentKind is the kind of the objects that are attachments: the title is the name of the file. They merge and keep a history as
// items do, and are in no list, search or import (docs/adr/0010).
const attachmentKind Kind = "attachment"

// The values of an attachment. Neither ever changes.
const (
	fileSize Key = "size"     // bytes, in decimal
	fileKey  Key = "file-key" // under which its chunks are sealed
)

// MaxAttachment is the size of the largest file, in bytes.
const MaxAttachment = 100 << 20

// maxFileName is the length of the longest name that is kept, in bytes. Every system's own limit is lower.
const maxFileName = 1024

// The errors of attachments, besides those of every item and ErrFull, ErrReadOnly and ErrDisk of the folder where the chunks are.
var (
	// ErrFileTooLarge: the file is larger than MaxAttachment.
	ErrFileTooLarge = errors.New("the file is too large to be attached")
	// ErrFileChanged: the file grew or shrank while it was read. Nothing was saved.
	ErrFileChanged = errors.New("the file changed while it was read")
)

// Attachment is a file that belongs to an item.
type Attachment struct {
	ID      id.ID
	Name    string // as typed: SafeFileName makes it one for a disk
	Size    int64  // bytes
	Chunks  int    // how many the file has, 1 for an empty one
	Here    int    // how many of them are on this PC
	Waiting bool   // it was attached here and is not at the server yet
}

// Whole tells whether all of the file is on this PC.
func (a Attachment) Whole() bool { return a.Here == a.Chunks }
