package keystore

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

type system struct{ none }

// Keychain asks Apple's own tool, since linking the Security framework needs cgo with Apple's SDK. The system asks the user
// whether "security" may use the password. Only names are on the command line; the password comes through a pipe.
func (system) Keychain(ctx context.Context, service, account string) (secret.Bytes, error) {
	command := exec.CommandContext(ctx, "/usr/bin/security", "find-generic-password", "-w", "-s", service, "-a", account)
	out, err := command.Output()
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: security: %w", importer.ErrNoKey, err)
	}
	return secret.New(bytes.TrimSuffix(out, []byte("\n"))), nil
}
