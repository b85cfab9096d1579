-- What the list and the search need of every object, sealed, so that an unlock need not open all objects. An index has 256 segments,
-- by the first byte of the object's id, each of one or more parts. hashes has the hash of each segment that is of this state of the
-- file, and 32 zeros for one that is not. index_hash is the hash of hashes, and covered by the integrity record: of an index that does
-- not fit it nothing is read, and nothing else suffers.
ALTER TABLE vault ADD COLUMN index_hash BLOB CHECK (length(index_hash) = 32);

CREATE TABLE index_head (
    vault_id BLOB PRIMARY KEY REFERENCES vault,
    hashes   BLOB NOT NULL
) STRICT;

CREATE TABLE index_segment (
    vault_id BLOB    NOT NULL REFERENCES vault,
    segment  INTEGER NOT NULL CHECK (segment BETWEEN 0 AND 255),
    part     INTEGER NOT NULL,
    sealed   BLOB    NOT NULL,
    PRIMARY KEY (vault_id, segment, part)
) STRICT;
