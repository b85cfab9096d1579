package cloud

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Held is all that the server knows of a person, in plain words. What is sealed is named with its size and not repeated: the server
// cannot open it, and the person's own program exports what is in it.
type Held struct {
	Account   HeldAccount     `json:"account"`
	Devices   []HeldDevice    `json:"devices"`
	Log       []HeldEntry     `json:"account_log"`
	Vaults    []HeldVault     `json:"vaults"`
	NewEmail  *HeldNewAddress `json:"change_of_address,omitempty"`
	Traces    []HeldTrace     `json:"traces,omitempty"`
	Mails     []SentMail      `json:"mails,omitempty"` // to the address, of the last week
	UsedBytes int64           `json:"used_bytes"`
}

// HeldAccount is the account's own row.
type HeldAccount struct {
	ID          string    `json:"id"`
	Email       string    `json:"email"`
	Created     time.Time `json:"created"`
	Generation  uint64    `json:"generation"`
	Profile     string    `json:"profile"`
	LoginKey    string    `json:"login_key"`
	HasRecovery bool      `json:"has_recovery_code"`
	Language    string    `json:"language"` // of the mails
}

// HeldDevice is a device.
type HeldDevice struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Platform string       `json:"platform"`
	Status   DeviceStatus `json:"status"`
	Created  time.Time    `json:"created"`
	LastSeen time.Time    `json:"last_seen"`
}

// HeldEntry is an entry of the account log, as it was signed.
type HeldEntry struct {
	Seq       uint64 `json:"seq"`
	Entry     []byte `json:"entry"`
	Signature []byte `json:"signature"`
}

// HeldVault is a vault: how much is in it and which device sent it, and nothing of what.
type HeldVault struct {
	ID          string           `json:"id"`
	Commits     uint64           `json:"commits"`
	ByDevice    map[string]int64 `json:"commits_by_device"`
	Objects     int              `json:"objects"`
	Attachments int64            `json:"attachments"`
	Bytes       int64            `json:"bytes"`
}

// HeldNewAddress is an address that waits for its code.
type HeldNewAddress struct {
	Email   string    `json:"email"`
	Device  string    `json:"device"`
	Expires time.Time `json:"expires"`
}

// HeldTrace is a trace of coming in, which the server forgets by itself.
type HeldTrace struct {
	What     string    `json:"what"`
	Device   string    `json:"device"`
	Name     string    `json:"name,omitempty"`
	Platform string    `json:"platform,omitempty"`
	Language string    `json:"language,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Tries    int64     `json:"tries,omitempty"`
}

// Trace is a row of coming in: a session, a sign-in, approval or recovery that is under way, or wrong proofs of a master password. Times are
// Unix milliseconds, 0 where none is kept.
type Trace struct {
	What                     string
	Device                   id.ID
	Name, Platform, Language string
	Since, Until, Tries      int64
}

// VaultSums is what a vault has.
type VaultSums struct {
	Commits            map[id.ID]int64 // by device
	Attachments, Bytes int64
}

// heldRows are what the export alone asks for.
type heldRows interface {
	Traces(account id.ID) ([]Trace, error)
	VaultSums(vault id.ID) (VaultSums, error)
}

// Export returns what the server knows of an account, as one moment saw it. Errors: ErrNotFound.
func (o *Operator) Export(ctx context.Context, account id.ID) (out Held, err error) {
	err = o.store.View(ctx, func(tx Tx) error {
		out = Held{}
		err := errors.Join(out.readAccount(tx, account), out.readLog(tx, account), out.readVaults(tx, account), out.readNewEmail(tx, account), out.readTraces(tx, account))
		if err != nil {
			return err
		}
		out.Mails, err = o.mailsTo(tx, out.Account.Email)
		return err
	})
	return out, orNotFound(err)
}

func (h *Held) readAccount(tx Tx, account id.ID) error {
	a, err := tx.Account(account)
	if err != nil {
		return err
	}
	h.Account = HeldAccount{
		ID: a.ID.String(), Email: a.Email, Created: time.UnixMilli(a.Created).UTC(), Generation: a.Generation, Profile: a.Profile,
		LoginKey: a.LoginKey.String(), HasRecovery: len(a.RecoveryTag) > 0, Language: a.Language,
	}
	devices, err := tx.Devices(account)
	for _, d := range devices {
		h.Devices = append(h.Devices, HeldDevice{
			ID: d.ID.String(), Name: d.Name, Platform: d.Platform, Status: d.Status, Created: time.UnixMilli(d.Created).UTC(), LastSeen: time.UnixMilli(d.LastSeen).UTC(),
		})
	}
	return err
}

func (h *Held) readLog(tx Tx, account id.ID) error {
	entries, err := tx.LogEntries(account, -1, maxLogBytes)
	for i, e := range entries {
		h.Log = append(h.Log, HeldEntry{Seq: uint64(i), Entry: e.Entry, Signature: e.Signature})
	}
	return err
}

func (h *Held) readVaults(tx Tx, account id.ID) error {
	vaults, err := tx.Vaults(account)
	if err != nil {
		return err
	}
	for _, v := range vaults {
		sums, err := tx.VaultSums(v.ID)
		if err != nil {
			return err
		}
		held := HeldVault{
			ID: v.ID.String(), Commits: v.At.Seq, ByDevice: map[string]int64{}, Objects: v.Objects, Attachments: sums.Attachments, Bytes: sums.Bytes,
		}
		for device, n := range sums.Commits {
			held.ByDevice[device.String()] = n
		}
		h.Vaults = append(h.Vaults, held)
	}
	h.UsedBytes, err = tx.UsedBytes(account)
	return err
}

func (h *Held) readNewEmail(tx Tx, account id.ID) error {
	c, err := tx.EmailChange(account)
	if errors.Is(err, ErrNone) {
		return nil
	}
	h.NewEmail = &HeldNewAddress{Email: c.Email, Device: c.Device.String(), Expires: time.UnixMilli(c.Expires).UTC()}
	return err
}

func (h *Held) readTraces(tx Tx, account id.ID) error {
	at := func(ms int64) (t time.Time) {
		if ms != 0 {
			t = time.UnixMilli(ms).UTC()
		}
		return t
	}
	traces, err := tx.Traces(account)
	for _, t := range traces {
		h.Traces = append(h.Traces, HeldTrace{
			What: t.What, Device: t.Device.String(), Name: t.Name, Platform: t.Platform, Language: t.Language, Since: at(t.Since), Until: at(t.Until), Tries: t.Tries,
		})
	}
	return err
}
