package attacks

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func init() {
	register("20c", existing, "another program changes the keys of the open file", TestRekeyed_ByAnotherProgram)
}

// Two programs have one vault file open, and one of them changes the keys: the other writes nothing more under the old ones, says why,
// and goes on when it is unlocked again.
func TestRekeyed_ByAnotherProgram(t *testing.T) {
	const newPassword = "another correct horse battery"
	for name, change := range map[string]session.Change{
		"password":       {NewPassword: testpc.Typed(newPassword)},
		"new Secret Key": {NewSecretKey: true},
		"rotation":       {Rotate: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, pc := testkit.Cloud(t), testpc.New(t, "PC A", nil)
			app := pc.SignUp(t, server, email)
			account := app.Account().ID
			item := testpc.Save(t, app, testpc.Login("item", "u", "1")).ID
			testpc.Sync(t, app)
			tool := session.New(pc.Config)
			defer tool.Close()
			other, err := tool.Unlock(t.Context(), account, testpc.Typed(testpc.Password))
			if err != nil {
				t.Fatal(err)
			}
			setPassword(t, other, item, "2")
			pc.Refresh(t.Context())
			password := testpc.Typed(testpc.Password)
			change.Password = password
			if err := app.Change(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			kept := maps.Clone(pc.Keyring.Entries())
			writesNothing(t, other, item)
			other.Lock()
			for key, entry := range pc.Keyring.Entries() {
				if !entry.SecretKey.Equal(kept[key].SecretKey) || entry.KeyGeneration != kept[key].KeyGeneration {
					t.Error("the program with the old keys has put them back into the keyring")
				}
			}
			setPassword(t, app, item, "3")
			testpc.Sync(t, app)
			if !change.NewPassword.IsZero() {
				password = testpc.Typed(newPassword)
			}
			if other, err = tool.Unlock(t.Context(), account, password); err != nil {
				t.Fatal(err)
			}
			setPassword(t, other, item, "4")
			testpc.Sync(t, other)
			pc.Refresh(t.Context())
			testpc.Sync(t, app)
			if a, b := testpc.Contents(t, app), testpc.Contents(t, other); !maps.Equal(a, b) || len(a) != 1 {
				t.Errorf("%q and %q", a, b)
			}
			if err := app.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func writesNothing(t *testing.T, u *session.Unlocked, item [16]byte) {
	t.Helper()
	ctx := t.Context()
	for name, try := range map[string]func() error{
		"a new item": func() error {
			_, err := u.Vault().Save(ctx, testpc.Login("too late", "u", "p"))
			return err
		},
		"a deleted item": func() error { return u.Vault().DeleteForever(ctx, item) },
		"a read item": func() error {
			_, err := u.Vault().Get(ctx, item)
			return err
		},
		"a refresh":     func() error { return u.Vault().Refresh(ctx) },
		"a sync":        func() error { return u.Sync(ctx) },
		"a local value": func() error { return u.KnowDevices(ctx) },
		"a change of keys": func() error {
			return u.Change(context.WithoutCancel(ctx), session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true})
		},
	} {
		if err := try(); !errors.Is(err, vault.ErrRekeyed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
