package engine

import "github.com/coffer-vault/coffer/crypto/id"

// TransferState says why a transfer stands where it stands.
type TransferState int

// The states. The last three wait for a person, or for the next unlock.
const (
	TransferWaiting    TransferState = iota // its turn comes, or the server is not reachable
	TransferRunning                         // its chunks are under way
	TransferQuota                           // the account has no room left at the server
	TransferIncomplete                      // the server does not have all of the file
	TransferFailed                          // Err says why: a full disk, say
)

// Transfer is a file on its way to the server, or from it. One that is done is none.
type Transfer struct {
	Attachment  id.ID
	Name        string
	Up          bool  // to the server
	Done, Total int64 // bytes of the file
	State       TransferState
	Err         error // of the last three states
}
