-- What the owner's mails are written in (BCP 47), empty where no client has said.

-- +goose Up
ALTER TABLE accounts ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE signups ADD COLUMN language TEXT NOT NULL DEFAULT '';
