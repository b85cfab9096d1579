-- The QR code of a pairing holds no secret any more, and so an approval has no tag.

-- +goose Up
ALTER TABLE pairings DROP COLUMN tag;
