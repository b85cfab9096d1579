package vault_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"path/filepath"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

var (
	accountID = id.ID{0xac, 1}
	vaultID   = id.ID{0x7a, 1}
	vaultKey  = bytes32("vault key")
	firstTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func bytes32(seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	return sum[:]
}

// mac stands for the anchor key of a device.
func mac(b []byte) [32]byte {
	h := hmac.New(sha256.New, []byte("anchor"))
	h.Write(b)
	return [32]byte(h.Sum(nil))
}

func contents(device id.ID) sqlite.Contents {
	return sqlite.Contents{
		Account: vault.Account{
			ID: accountID, Email: "ann@example.com", Origin: "https://coffer.example", Generation: 1, Profile: "P2",
			SealedAccountKey: []byte("ak"), SealedIdentity: []byte("identity"),
			Device: device, DeviceName: "laptop", SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: vaultID, Epoch: 1, Sealed: []byte("vk")}},
		Log:    []vault.LogEntry{{Seq: 0, Entry: []byte("genesis"), Signature: []byte("s")}},
	}
}

// device is one installation: a store of its own and a clock of its own.
type device struct {
	*vault.Vault
	id    id.ID
	path  string
	store *sqlite.Store
	now   time.Time

	chunks     vault.ChunkStore // on the disk
	disk       *full            // the same, with as much room as a test says
	background time.Duration    // of the vault's Config
}

func newDevice(t testing.TB, n byte) *device {
	t.Helper()
	d := &device{id: id.ID{0xde, n}, path: filepath.Join(t.TempDir(), "vault.db"), now: firstTime}
	d.chunks = chunkdir.New(d.path + ".files")
	d.disk = &full{d.chunks, 1 << 20}
	store, err := sqlite.Create(context.Background(), d.path, contents(d.id), mac)
	if err != nil {
		t.Fatal(err)
	}
	d.store = store
	t.Cleanup(func() { store.Close() })
	d.unlock(t)
	return d
}

func (d *device) config() vault.Config {
	return vault.Config{
		Store: d.store, Account: accountID, Vault: vaultID, Device: d.id, Epoch: 1,
		Key: secret.New(append([]byte(nil), vaultKey...)), Now: func() time.Time { return d.now }, Chunks: d.disk,
		Snapshot: true, Background: d.background,
	}
}

// unlock opens the vault anew, as after a lock.
func (d *device) unlock(t testing.TB) {
	t.Helper()
	if d.Vault != nil {
		d.Close()
	}
	v, err := vault.Open(context.Background(), d.config(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Vault = v
	t.Cleanup(v.Close)
}

func login(title, password string) vault.Item {
	it := vault.Item{Kind: vault.Login, Title: title, Websites: []string{"https://www." + title + ".example/login"}}
	it.Set(vault.Username, secret.FromString("ann"))
	it.Set(vault.Password, secret.FromString(password))
	return it
}

func (d *device) save(t testing.TB, it vault.Item) vault.Item {
	t.Helper()
	saved, err := d.Save(context.Background(), it)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (d *device) get(t testing.TB, item id.ID) vault.Item {
	t.Helper()
	it, err := d.Get(context.Background(), item)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func text(it vault.Item, key vault.Key) string { return string(it.Value(key).Reveal()) }
