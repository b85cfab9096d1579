package api_test

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A device that has not read of a rotation yet still seals under the key of before, which a device that was removed has too. Its
// commit is right by the log that it knows; it is told to read on.
func TestPushUnderTheKeyBeforeARotation(t *testing.T) {
	u := signUp(t, testkit.Cloud(t), "ada@example.org")
	d := u.first
	d.push(d.put(64, id.New())).ok(t)
	stale := d.put(64, id.New())
	d.change().rotate().send().ok(t)
	r := d.push(stale)
	r.want(t, 409, wire.CodeConflict)
	if head, _ := u.log.Head(); r.err.LogSeq == nil || *r.err.LogSeq != int64(head) {
		t.Errorf("the log's head is not named: %+v", r.err)
	}
	d.push(d.put(64, id.New())).ok(t)
}
