-- What was kept beside what it follows from: hashes of the tree's leaves, which are hashed anew where one below a node changes, and the hash
-- of a commit, which nobody read. No version that was released knows them.

-- +goose Up
DROP TABLE tree_leaves;
ALTER TABLE commits DROP COLUMN hash;
