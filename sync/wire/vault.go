package wire

// Head is the newest commit of a vault; seq 0 with 32 zero bytes is an empty vault.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash []byte `json:"hash"`
}

// SignedCommit is a commit as its device signed it, with its change list.
type SignedCommit struct {
	Commit    []byte `json:"commit"`  // canonical CBOR
	Changes   []byte `json:"changes"` // canonical CBOR
	Signature []byte `json:"signature"`
}

// Envelope is a sealed object at one revision.
type Envelope struct {
	ObjectID string `json:"object_id"`
	Revision uint64 `json:"revision"`
	Envelope []byte `json:"envelope"`
}

// GET /v1/vaults
type (
	Vaults struct {
		Vaults []VaultInfo `json:"vaults"`
	}
	VaultInfo struct {
		VaultID string `json:"vault_id"`
		Head    Head   `json:"head"`
	}
)

// HeadCommit answers GET /v1/vaults/{id}/head; Commit is nil for an empty vault.
type HeadCommit struct {
	Head   Head          `json:"head"`
	Commit *SignedCommit `json:"commit,omitempty"`
}

// Changes answers GET /v1/vaults/{id}/changes?since=N: at most PageCommits commits after seq N, and the current envelopes of the
// objects they name as far as PageEnvelopeBytes allows. Head is the vault's head at that moment: a client whose pin is beyond it, or
// beside it, knows that the server went back. Log is the head of the account log: a client that has read up to there need not ask for
// it. More says that the head is beyond the last commit.
type Changes struct {
	Head      Head           `json:"head"`
	Log       Head           `json:"log"`
	Commits   []SignedCommit `json:"commits"`
	Envelopes []Envelope     `json:"envelopes"`
	More      bool           `json:"more"`
}

// Row is a line of the state table. Envelopes are fetched apart.
type Row struct {
	ObjectID string `json:"object_id"`
	Revision uint64 `json:"revision"`
	State    uint8  `json:"state"` // 1 live, 2 tombstone
	EnvHash  []byte `json:"env_hash"`
}

// Objects answers GET /v1/vaults/{id}/objects?after=CURSOR: at most PageRows in order of (leaf, object id). Next is empty on the last page.
type Objects struct {
	Rows []Row  `json:"rows"`
	Next string `json:"next,omitempty"`
}

// POST /v1/vaults/{id}/objects/fetch
type (
	Fetch struct {
		ObjectIDs []string `json:"object_ids"` // at most PageObjects
	}
	Fetched struct {
		Envelopes []Envelope `json:"envelopes"`
	}
)

// POST /v1/vaults/{id}/commits
type (
	Push struct {
		SignedCommit
		Envelopes []Envelope `json:"envelopes"`
	}
	Pushed struct {
		Head Head `json:"head"`
	}
)

// Chunks answers GET /v1/vaults/{id}/attachments/{attachment}: of how many chunks the attachment is, and which of them the server has, in
// order. Count is 0 where it has none. A chunk itself travels as it is, application/octet-stream.
type Chunks struct {
	Count   int   `json:"count"`
	Present []int `json:"present"`
}

// Event is one line of GET /v1/events (SSE): a vault has a new head, or the account log has a new entry (Vault empty), or one of the
// flags. It carries no content: the client pulls.
type Event struct {
	Vault     string `json:"vault,omitempty"`
	Seq       uint64 `json:"seq"`
	Pairing   bool   `json:"pairing,omitempty"`    // GET /v1/pairings has changed
	Devices   bool   `json:"devices,omitempty"`    // GET /v1/me has changed: a device, the address, a recovery
	SignedOut bool   `json:"signed_out,omitempty"` // another device ended the sessions of this one; the stream's last event
}
