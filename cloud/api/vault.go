package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) vaults() {
	route(s, operation{id: "vaults", method: "GET", path: "/v1/vaults", auth: byReader}, s.listVaults)
	route(s, operation{id: "vault-head", method: "GET", path: "/v1/vaults/{id}/head", auth: byReader}, s.head)
	route(s, operation{id: "vault-changes", method: "GET", path: "/v1/vaults/{id}/changes", auth: byReader, answer: pageWeight}, s.vaultChanges)
	route(s, operation{id: "vault-objects", method: "GET", path: "/v1/vaults/{id}/objects", auth: byReader, answer: pageWeight}, s.objects)
	route(s, operation{id: "vault-fetch", method: "POST", path: "/v1/vaults/{id}/objects/fetch", auth: byReader, answer: pageWeight}, s.fetch)
	route(s, operation{id: "vault-push", method: "POST", path: "/v1/vaults/{id}/commits", auth: bySession, maxBody: wire.MaxRequest, unvalidated: true}, s.push)
}

// VaultPath is the part of a path that names a vault. It is exported because huma sees no other embedded structs.
type VaultPath struct {
	ID string `path:"id" doc:"Vault id, 32 lower-case hex digits"`
}

func (s *Server) listVaults(ctx context.Context, c cloud.Caller, _ *none) (*answer[wire.Vaults], error) {
	vaults, err := s.cloud.Vaults.List(ctx, c)
	out := &answer[wire.Vaults]{wire.Vaults{Vaults: make([]wire.VaultInfo, len(vaults))}}
	for i, v := range vaults {
		out.Body.Vaults[i] = wire.VaultInfo{VaultID: v.ID.String(), Head: headTo(v.At.Head)}
	}
	return out, err
}

func (s *Server) head(ctx context.Context, c cloud.Caller, in *VaultPath) (*answer[wire.HeadCommit], error) {
	vault, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	head, commit, err := s.cloud.Vaults.Head(ctx, c, vault)
	out := &answer[wire.HeadCommit]{wire.HeadCommit{Head: headTo(head)}}
	if commit != nil {
		signed := commitTo(*commit)
		out.Body.Commit = &signed
	}
	return out, err
}

type changesQuery struct {
	VaultPath
	Since uint64 `query:"since" doc:"Commits after this seq"`
}

func (s *Server) vaultChanges(ctx context.Context, c cloud.Caller, in *changesQuery) (*answer[wire.Changes], error) {
	vault, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	page, err := s.cloud.Vaults.Changes(ctx, c, vault, in.Since)
	out := &answer[wire.Changes]{wire.Changes{
		Head: headTo(page.Head), Log: headTo(page.Log), Commits: make([]wire.SignedCommit, len(page.Commits)), Envelopes: envelopesTo(page.Envelopes), More: page.More,
	}}
	for i, commit := range page.Commits {
		out.Body.Commits[i] = commitTo(commit)
	}
	return out, err
}

type objectsQuery struct {
	VaultPath
	After string `query:"after" maxLength:"64" doc:"The cursor of the last page"`
}

func (s *Server) objects(ctx context.Context, c cloud.Caller, in *objectsQuery) (*answer[wire.Objects], error) {
	vault, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	rows, next, err := s.cloud.Vaults.Objects(ctx, c, vault, in.After)
	out := &answer[wire.Objects]{wire.Objects{Rows: make([]wire.Row, len(rows)), Next: next}}
	for i, r := range rows {
		out.Body.Rows[i] = wire.Row{ObjectID: r.Object.String(), Revision: r.Revision, State: uint8(r.State), EnvHash: r.EnvHash[:]}
	}
	return out, err
}

type fetchRequest struct {
	VaultPath
	Body wire.Fetch
}

func (s *Server) fetch(ctx context.Context, c cloud.Caller, in *fetchRequest) (*answer[wire.Fetched], error) {
	vault, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	objects := make([]id.ID, len(in.Body.ObjectIDs))
	for i, text := range in.Body.ObjectIDs {
		if objects[i], err = parseID(text); err != nil {
			return nil, err
		}
	}
	found, err := s.cloud.Vaults.Fetch(ctx, c, vault, objects)
	return &answer[wire.Fetched]{wire.Fetched{Envelopes: envelopesTo(found)}}, err
}

type pushRequest struct {
	VaultPath
	Body wire.Push
}

func (s *Server) push(ctx context.Context, c cloud.Caller, in *pushRequest) (*answer[wire.Pushed], error) {
	vault, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	p := cloud.Push{
		Signed:    chain.Signed{Commit: in.Body.Commit, Changes: in.Body.Changes, Signature: in.Body.Signature},
		Envelopes: make([]cloud.Envelope, len(in.Body.Envelopes)),
	}
	for i, e := range in.Body.Envelopes {
		object, err := parseID(e.ObjectID)
		if err != nil {
			return nil, err
		}
		p.Envelopes[i] = cloud.Envelope{Object: object, Revision: e.Revision, Sealed: e.Envelope}
	}
	head, err := s.cloud.Vaults.Push(ctx, c, vault, p)
	return &answer[wire.Pushed]{wire.Pushed{Head: headTo(head)}}, err
}

func headTo(h chain.Head) wire.Head { return wire.Head{Seq: h.Seq, Hash: h.Hash[:]} }

func commitTo(s chain.Signed) wire.SignedCommit {
	return wire.SignedCommit{Commit: s.Commit, Changes: s.Changes, Signature: s.Signature}
}

func envelopesTo(in []cloud.Envelope) []wire.Envelope {
	out := make([]wire.Envelope, len(in))
	for i, e := range in {
		out[i] = wire.Envelope{ObjectID: e.Object.String(), Revision: e.Revision, Envelope: e.Sealed}
	}
	return out
}
