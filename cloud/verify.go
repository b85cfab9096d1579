package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

// Finding is a row that does not follow from what is signed. Row names the table and the key of the row.
type Finding struct {
	Row     string `json:"row"`
	Problem string `json:"problem"`
}

// Checked is how much was verified.
type Checked struct {
	Accounts uint64 `json:"accounts"`
	Entries  uint64 `json:"entries"`
	Vaults   uint64 `json:"vaults"`
	Commits  uint64 `json:"commits"`
	Objects  uint64 `json:"objects"`
}

const accountsAtOnce = 500

// VerifyLogs checks every chain that the database has, as a client would, and tells each finding: the account logs by their signatures,
// from genesis on; each vault's commits by their order, their writers' signatures and the state root that each leads to; and that the rows
// which repeat the chains say what the chains say: accounts, devices, heads, the table of states, its tree, and the hash of every
// envelope. An account is checked in one snapshot. What it cannot see is a database that was put back as a whole: that is seen by clients,
// which remember the heads.
func (o *Operator) VerifyLogs(ctx context.Context, found func(Finding)) (sum Checked, err error) {
	var after id.ID
	for {
		var page []id.ID
		err := o.store.View(ctx, func(tx Tx) (err error) {
			page, err = tx.AccountsAfter(after, accountsAtOnce)
			return err
		})
		if err != nil || len(page) == 0 {
			return sum, err
		}
		for _, account := range page {
			v := &verifier{account: account}
			if err := o.store.View(ctx, v.check); err != nil && !errors.Is(err, ErrNone) { // deleted meanwhile
				return sum, err
			}
			sum.add(v.Checked)
			for _, f := range v.findings {
				found(f)
			}
		}
		after = page[len(page)-1]
	}
}

func (c *Checked) add(more Checked) {
	*c = Checked{c.Accounts + more.Accounts, c.Entries + more.Entries, c.Vaults + more.Vaults, c.Commits + more.Commits, c.Objects + more.Objects}
}

// verifier checks one account.
type verifier struct {
	Checked
	account  id.ID
	findings []Finding
}

func (v *verifier) find(problem string, row string, args ...any) {
	v.findings = append(v.findings, Finding{Row: fmt.Sprintf(row, args...), Problem: problem})
}

func (v *verifier) check(tx Tx) error {
	*v = verifier{account: v.account, Checked: Checked{Accounts: 1}} // a transaction may be begun again
	account, err := tx.Account(v.account)
	if err != nil {
		return err
	}
	log, whole, err := v.log(tx)
	if err != nil || !whole {
		return err
	}
	v.repeats(account, log)
	if err := v.devices(tx, log); err != nil {
		return err
	}
	vaults, err := tx.Vaults(v.account)
	if err != nil {
		return err
	}
	for _, row := range vaults {
		if err := v.vault(tx, row, log); err != nil {
			return err
		}
	}
	return nil
}

// log reads the account log up to the first entry that does not follow.
func (v *verifier) log(tx Tx) (log *chain.Log, whole bool, err error) {
	entries, err := tx.LogEntries(v.account, -1, maxLogBytes)
	if err != nil {
		return nil, false, err
	}
	log = chain.NewLog(v.account)
	for i, e := range entries {
		if err := log.Append(e); err != nil {
			v.find(err.Error(), "account_log account=%s seq=%d", v.account, i)
			return log, false, nil
		}
		v.Entries++
	}
	length, hash, err := tx.LogHead(v.account)
	if errors.Is(err, ErrNone) {
		v.find("the log is empty", "account_log account=%s", v.account)
		return log, false, nil
	} else if err != nil {
		return nil, false, err
	}
	if head, want := log.Head(); head+1 != length || hash != want {
		v.find("the last row's number or hash is not that of its entry", "account_log account=%s seq=%d", v.account, length-1)
	}
	return log, true, nil
}

// repeats compares what the account's row repeats of the log.
func (v *verifier) repeats(a Account, log *chain.Log) {
	c := log.Credentials()
	row := "accounts account=" + v.account.String()
	if a.Generation != c.Generation || a.Profile != c.Profile || a.LoginKey != c.Login || a.RecoveryKey != c.Recovery {
		v.find("generation, profile or keys are not those of the log's credentials", "%s", row)
	}
	if sealing, _ := c.Sealing(chain.SealingPassword); chain.SealedKeyHash(a.SealedAccount) != sealing {
		v.find("the sealed account key is not the one that the log names", "%s", row)
	}
	if chain.SealedKeyHash(a.SealedIdentity) != log.Identity().Sealed {
		v.find("the sealed identity is not the one that the log names", "%s", row)
	}
	if email := log.Email(); !email.IsZero() && email != chain.EmailHash(a.ID, a.Email) {
		v.find("the address is not the one that the log names", "%s", row)
	}
}

func (v *verifier) devices(tx Tx, log *chain.Log) error {
	for _, d := range log.Devices() {
		row, err := tx.Device(v.account, d.Device)
		where := fmt.Sprintf("devices account=%s device=%s", v.account, d.Device)
		switch {
		case errors.Is(err, ErrNone):
			v.find("a device of the log is missing", "%s", where)
		case err != nil:
			return err
		case row.Key != d.Key || row.Receive != d.Receive:
			v.find("its keys are not those of the log", "%s", where)
		case (row.Status == DeviceRevoked) != (d.Revoked != 0):
			v.find("the log says otherwise whether it is revoked", "%s", where)
		}
	}
	return nil
}

// vault follows a vault's chain and compares what it leads to with the table of states.
func (v *verifier) vault(tx Tx, row Vault, log *chain.Log) error {
	v.Vaults++
	tree := chain.NewTree(row.ID)
	at, whole, err := v.commits(tx, row.ID, log, tree)
	if err != nil || !whole {
		return err
	}
	if at != row.At {
		v.find(fmt.Sprintf("its head is not the last commit, %d", at.Seq), "vaults vault=%s", row.ID)
	}
	if row.Objects != tree.Len() {
		v.find(fmt.Sprintf("it counts %d objects, the chain has %d", row.Objects, tree.Len()), "vaults vault=%s", row.ID)
	}
	nodes, err := tx.Nodes(row.ID)
	if err != nil {
		return err
	}
	if chain.RootHash(row.ID, nodes) != tree.Root() {
		v.find("the stored hashes do not lead to the root of the last commit", "tree_nodes vault=%s", row.ID)
	}
	return v.states(tx, row.ID, tree)
}

const (
	commitsAtOnce = 200
	commitBytes   = 8 << 20
	objectsAtOnce = 1000
)

// commits reads the chain up to the first commit that does not follow, and leaves its state in tree.
func (v *verifier) commits(tx Tx, vault id.ID, log *chain.Log, tree *chain.Tree) (at chain.Position, whole bool, err error) {
	for {
		page, err := tx.Commits(vault, at.Seq, commitsAtOnce, commitBytes)
		if err != nil || len(page) == 0 {
			return at, true, err
		}
		for _, s := range page {
			verified, problem := chain.Verify(s, vault, at, log)
			if problem == nil {
				_, problem = tree.Apply(verified.Changes)
			}
			if problem == nil && tree.Root() != verified.Commit.Root {
				problem = chain.ErrWrongRoot
			}
			if problem != nil {
				v.find(problem.Error(), "commits vault=%s seq=%d", vault, at.Seq+1)
				return at, false, nil
			}
			at = verified.Position()
			v.Commits++
		}
	}
}

// states compares the rows of the table with those that the chain leads to, and every envelope with its row.
func (v *verifier) states(tx Tx, vault id.ID, tree *chain.Tree) error {
	leaf, object, seen := -1, id.ID{}, 0
	for more := true; more; {
		var rows []ObjectRow
		var err error
		if rows, more, err = tx.ObjectsAfter(vault, leaf, object, objectsAtOnce); err != nil {
			return err
		}
		for _, r := range rows {
			seen++
			v.Objects++
			if want, ok := tree.Row(r.Object); !ok || want != r.Row {
				v.find("the row is not the one that the chain leads to", "objects vault=%s object=%s", vault, r.Object)
			} else if err := v.envelope(tx, vault, r.Row); err != nil {
				return err
			}
			leaf, object = int(r.Leaf), r.Object
		}
		more = more && len(rows) > 0
	}
	if seen != tree.Len() {
		v.find(fmt.Sprintf("the chain leads to %d rows, there are %d", tree.Len(), seen), "objects vault=%s", vault)
	}
	return nil
}

func (v *verifier) envelope(tx Tx, vault id.ID, r chain.Row) error {
	e, err := tx.Envelope(vault, r.Object)
	missing := errors.Is(err, ErrNone)
	if err != nil && !missing {
		return err
	}
	where := fmt.Sprintf("envelopes vault=%s object=%s", vault, r.Object)
	switch {
	case r.State == chain.Live && missing:
		v.find("it is missing", "%s", where)
	case r.State == chain.Live && (e.Revision != r.Revision || chain.EnvelopeHash(e.Sealed) != r.EnvHash):
		v.find("it is not the one whose hash the chain has", "%s", where)
	case r.State != chain.Live && !missing:
		v.find("the object was deleted", "%s", where)
	}
	return nil
}
