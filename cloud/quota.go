package cloud

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// DefaultQuota is how many bytes of envelopes and chunks an account may have.
const DefaultQuota = 2 << 30

// QuotaExceeded says how many bytes an account may have, and how many it has without what was refused.
type QuotaExceeded struct{ Limit, Used int64 }

func (e *QuotaExceeded) Error() string {
	return fmt.Sprintf("account has %d of %d bytes", e.Used, e.Limit)
}

// quotaRows keep the number of bytes of envelopes and chunks of every vault, which each transaction that changes them moves on.
type quotaRows interface {
	// UsedBytes is the sum over the account's vaults.
	UsedBytes(account id.ID) (int64, error)
	AddBytes(vault id.ID, n int64) error
}

// grow moves a vault's number of bytes. What makes it smaller always may, also where the quota was lowered below it.
// Errors: *QuotaExceeded.
func grow(tx quotaRows, v Vault, n, quota int64) error {
	if n > 0 {
		used, err := tx.UsedBytes(v.Account)
		if err != nil {
			return fmt.Errorf("used bytes: %w", err)
		}
		if n > quota-used {
			return &QuotaExceeded{Limit: quota, Used: used}
		}
	}
	if n == 0 {
		return nil
	}
	return tx.AddBytes(v.ID, n)
}
