package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

// byComputer is for a computer that registered. It belongs to no account.
var byComputer = policy{signer: "computer", find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
	return s.cloud.Computers.ByComputer(ctx, r.Account, r.Device)
}}

// registerPath is among those that strangers may call (outer.go).
const registerPath = "/v1/computers"

func (s *Server) computers() {
	route(s, operation{id: "computer-register", method: "POST", path: registerPath, auth: byBody}, s.computerRegister)
	route(s, operation{id: "computer-report", method: "POST", path: registerPath + "/{id}/reports", auth: byComputer}, s.computerReport)
}

// computerRegister is under the zero account: the body names none, and byBody holds the header against that.
func (s *Server) computerRegister(ctx context.Context, c cloud.Caller, in *body[wire.ComputerRegister]) (*none, error) {
	return &none{}, s.cloud.Computers.Register(ctx, c, in.Body.Token, in.Body.Report)
}

type computerReport struct {
	ID   string `path:"id"`
	Body wire.ComputerReport
}

func (s *Server) computerReport(ctx context.Context, c cloud.Caller, in *computerReport) (*none, error) {
	if in.ID != c.Device.String() {
		return nil, cloud.ErrNotFound
	}
	return &none{}, s.cloud.Computers.Report(ctx, c, in.Body)
}
