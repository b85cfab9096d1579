package teststore

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

func computerRows(t *testing.T, s cloud.Store) {
	token := cloud.EnrollToken{Serial: id.New(), Organization: id.New(), Name: "Bakery", Language: "de", LastDay: "2026-12-31", Created: 1}
	other := cloud.EnrollToken{Serial: id.New(), Organization: id.New(), Name: "Mill", Language: "en", LastDay: "2027-12-31", Created: 2}
	first := cloud.Computer{
		ID: id.New(), Serial: token.Serial, Organization: token.Organization, Key: signing.Generate().Public(), Created: 3, LastSeen: 4, Name: "PC-2",
		FormerName: "PC-9", Doubled: 5, Version: "1.4.0", System: "windows 10.0.22631", Ring: "pilot", Held: "pin", LastCheck: 6, Problems: []string{"disk-space", "version"},
	}
	second := cloud.Computer{ID: id.New(), Serial: token.Serial, Organization: token.Organization, Key: signing.Generate().Public(), Name: "PC-1"}
	Update(t, s, func(tx cloud.Tx) error {
		for _, err := range []error{tx.InsertEnrollToken(token), tx.InsertEnrollToken(other), tx.InsertComputer(first), tx.InsertComputer(second)} {
			if err != nil {
				return err
			}
		}
		same(t, must[cloud.EnrollToken](t)(tx.EnrollToken(token.Serial)), token)
		same(t, must[cloud.Computer](t)(tx.Computer(first.ID)), first)
		same(t, must[[]cloud.Computer](t)(tx.Computers(token.Organization)), []cloud.Computer{second, first})
		same(t, must[int64](t)(tx.CountComputers(token.Serial)), int64(2))
		return nil
	})
	first.Serial, first.Organization, first.LastSeen, first.Name, first.FormerName, first.Doubled = other.Serial, other.Organization, 7, "PC-9", "PC-2", 8
	first.Version, first.System, first.Ring, first.Held, first.LastCheck, first.Problems = "1.5.0", "windows 11", "broad", "pause", 9, nil
	Update(t, s, func(tx cloud.Tx) error {
		if err := errors.Join(tx.UpdateComputer(first), tx.RevokeEnrollToken(token.Serial, 10), tx.RevokeEnrollToken(token.Serial, 11), tx.DeleteComputer(second.ID)); err != nil {
			return err
		}
		token.Revoked = 10
		same(t, must[cloud.EnrollToken](t)(tx.EnrollToken(token.Serial)), token)
		same(t, must[cloud.Computer](t)(tx.Computer(first.ID)), first)
		same(t, must[[]cloud.Computer](t)(tx.Computers(other.Organization)), []cloud.Computer{first})
		wantNone[cloud.Computer](t, "a computer that was removed")(tx.Computer(second.ID))
		wantNone[cloud.EnrollToken](t, "a token that nobody made")(tx.EnrollToken(id.New()))
		for what, err := range map[string]error{
			"revoke": tx.RevokeEnrollToken(id.New(), 1), "update": tx.UpdateComputer(second), "delete": tx.DeleteComputer(second.ID),
		} {
			if !errors.Is(err, cloud.ErrNone) {
				t.Errorf("%s of none: %v", what, err)
			}
		}
		return nil
	})
}
