package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) pairings() {
	route(s, operation{id: "pairing-start", method: "POST", path: "/v1/pairings/start", auth: byBody}, s.pairingStart)
	route(s, operation{id: "pairing-poll", method: "POST", path: "/v1/pairings/poll", auth: byPairing}, s.pairingPoll)
	route(s, operation{id: "pairing-reveal", method: "POST", path: "/v1/pairings/reveal", auth: byPairing}, s.pairingReveal)
	route(s, operation{id: "pairings", method: "GET", path: "/v1/pairings", auth: bySession}, s.listPairings)
	route(s, operation{id: "pairing", method: "GET", path: "/v1/pairings/{id}", auth: bySession}, s.pairing)
	route(s, operation{id: "pairing-answer", method: "POST", path: "/v1/pairings/answer", auth: bySession}, s.pairingAnswer)
	route(s, operation{id: "pairing-refuse", method: "POST", path: "/v1/pairings/refuse", auth: bySession}, s.pairingRefuse)
}

func (s *Server) pairingStart(ctx context.Context, _ cloud.Caller, in *body[wire.PairingStart]) (*answer[wire.PairingStarted], error) {
	b := in.Body
	pairing, err := parseID(b.PairingID)
	if err != nil {
		return nil, err
	}
	device, err := parseDevice(b.Device)
	if err != nil {
		return nil, err
	}
	expires, err := s.cloud.Pairings.Start(ctx, cloud.NewPairing{
		ID: pairing, Email: b.Email, Device: device, Commitment: b.Commitment, Language: b.Language,
	})
	return &answer[wire.PairingStarted]{wire.PairingStarted{Expires: expires}}, err
}

func (s *Server) pairingPoll(ctx context.Context, _ cloud.Caller, in *body[wire.PairingPoll]) (*answer[wire.PairingPolled], error) {
	pairing, err := parseID(in.Body.PairingID)
	if err != nil {
		return nil, err
	}
	p, err := s.cloud.Pairings.Poll(ctx, pairing, in.Body.Known)
	if err != nil {
		return nil, err
	}
	out := wire.PairingPolled{State: p.State}
	if !p.Approver.IsZero() {
		out.AccountID, out.ApproverID, out.ApproverKey, out.Nonce = p.Account.String(), p.Approver.String(), p.ApproverKey[:], p.Nonce
	}
	if p.State == wire.PairingApproved {
		out.Approval = &wire.Wrap{Wrap: p.Wrap.Wrap, Signature: p.Wrap.Signature}
	}
	return &answer[wire.PairingPolled]{out}, nil
}

func (s *Server) pairingReveal(ctx context.Context, _ cloud.Caller, in *body[wire.PairingReveal]) (*none, error) {
	pairing, err := parseID(in.Body.PairingID)
	if err != nil {
		return nil, err
	}
	return &none{}, s.cloud.Pairings.Reveal(ctx, pairing, in.Body.R)
}

func (s *Server) listPairings(ctx context.Context, c cloud.Caller, _ *none) (*answer[wire.Pairings], error) {
	open, err := s.cloud.Pairings.List(ctx, c)
	out := &answer[wire.Pairings]{wire.Pairings{Pairings: make([]wire.Pairing, len(open))}}
	for i, p := range open {
		out.Body.Pairings[i] = pairingTo(p)
	}
	return out, err
}

// PairingPath is the part of a path that names a pairing. It is exported because huma sees no other embedded structs.
type PairingPath struct {
	ID string `path:"id" doc:"Pairing id, 32 lower-case hex digits"`
}

func (s *Server) pairing(ctx context.Context, c cloud.Caller, in *PairingPath) (*answer[wire.Pairing], error) {
	pairing, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.cloud.Pairings.Get(ctx, c, pairing)
	return &answer[wire.Pairing]{pairingTo(p)}, err
}

func (s *Server) pairingAnswer(ctx context.Context, c cloud.Caller, in *body[wire.PairingAnswer]) (*none, error) {
	pairing, err := parseID(in.Body.PairingID)
	if err != nil {
		return nil, err
	}
	return &none{}, s.cloud.Pairings.Answer(ctx, c, pairing, in.Body.Nonce)
}

func (s *Server) pairingRefuse(ctx context.Context, c cloud.Caller, in *body[wire.PairingRefuse]) (*none, error) {
	pairing, err := parseID(in.Body.PairingID)
	if err != nil {
		return nil, err
	}
	return &none{}, s.cloud.Pairings.Refuse(ctx, c, pairing)
}

func pairingTo(p cloud.Pairing) wire.Pairing {
	d := p.Device
	return wire.Pairing{
		PairingID:  p.ID.String(),
		Device:     wire.Device{ID: d.ID.String(), PublicKey: d.Key[:], ReceiveKey: d.Receive[:], Name: d.Name, Platform: d.Platform},
		Commitment: p.Commitment, Created: p.Created, Expires: p.Expires, R: p.R,
	}
}
