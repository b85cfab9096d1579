package remote

import (
	"context"

	"github.com/coffer-vault/coffer/sync/wire"
)

// The calls of a computer, which signs under the zero account. Their answers carry nothing.

// RegisterComputer enters a computer into the list of the organization whose enrolment token it has.
func (c *Client) RegisterComputer(ctx context.Context, s Signer, token string, report wire.ComputerReport) error {
	key := s.Key.Public()
	in := wire.ComputerRegister{Device: wire.ComputerKey{ID: s.Device.String(), PublicKey: key[:]}, Token: token, Report: report}
	return c.call(ctx, "POST", "/v1/computers", &s, nil, in, nil)
}

// ReportComputer replaces what the computer said of itself.
func (c *Client) ReportComputer(ctx context.Context, s Signer, report wire.ComputerReport) error {
	return c.call(ctx, "POST", "/v1/computers/"+s.Device.String()+"/reports", &s, nil, report, nil)
}
