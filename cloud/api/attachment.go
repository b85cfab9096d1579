package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

// octets is the media type of a chunk, which travels as it is.
const octets = "application/octet-stream"

func (s *Server) attachments() {
	const path = "/v1/vaults/{id}/attachments/{attachment}"
	route(s, operation{id: "attachment", method: "GET", path: path, auth: byReader}, s.chunks)
	route(s, operation{id: "chunk", method: "GET", path: path + "/chunks/{index}", auth: byReader, answer: chunkWeight}, s.chunk)
	// A body of the very limit is too large for huma.
	route(s, operation{id: "chunk-put", method: "PUT", path: path + "/chunks/{index}", auth: bySession, maxBody: wire.MaxEnvelope + 1}, s.putChunk)
}

// AttachmentPath is the part of a path that names an attachment.
type AttachmentPath struct {
	VaultPath
	Attachment string `path:"attachment" doc:"Attachment id, 32 lower-case hex digits"`
}

func (p AttachmentPath) ids() (vault, attachment id.ID, err error) {
	if vault, err = parseID(p.ID); err != nil {
		return id.ID{}, id.ID{}, err
	}
	attachment, err = parseID(p.Attachment)
	return vault, attachment, err
}

// ChunkPath is the part of a path that names a chunk.
type ChunkPath struct {
	AttachmentPath
	Index int `path:"index" minimum:"0" doc:"Place of the chunk in the file, from 0"`
}

func (s *Server) chunks(ctx context.Context, c cloud.Caller, in *AttachmentPath) (*answer[wire.Chunks], error) {
	vault, attachment, err := in.ids()
	if err != nil {
		return nil, err
	}
	count, present, err := s.cloud.Vaults.Chunks(ctx, c, vault, attachment)
	return &answer[wire.Chunks]{wire.Chunks{Count: count, Present: append([]int{}, present...)}}, err
}

// octetsAnswer is a body that is no JSON.
type octetsAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) chunk(ctx context.Context, c cloud.Caller, in *ChunkPath) (*octetsAnswer, error) {
	vault, attachment, err := in.ids()
	if err != nil {
		return nil, err
	}
	sealed, err := s.cloud.Vaults.Chunk(ctx, c, vault, attachment, in.Index)
	return &octetsAnswer{ContentType: octets, Body: sealed}, err
}

type putChunk struct {
	ChunkPath
	Count   int `query:"count" required:"true" minimum:"1" doc:"Chunks of the whole file"`
	RawBody []byte
}

func (s *Server) putChunk(ctx context.Context, c cloud.Caller, in *putChunk) (*none, error) {
	vault, attachment, err := in.ids()
	if err != nil {
		return nil, err
	}
	chunk := cloud.Chunk{Attachment: attachment, Index: in.Index, Count: in.Count, Sealed: in.RawBody}
	return &none{}, s.cloud.Vaults.PutChunk(ctx, c, vault, chunk)
}
