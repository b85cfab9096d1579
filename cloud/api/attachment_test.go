package api_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// chunkOf has the header of a chunk of the attachment, and is random after it; 162 bytes are the least that an envelope can have.
func chunkOf(attachment id.ID) []byte { return chunkOfSize(attachment, 162) }

func chunkOfSize(attachment id.ID, size int) []byte {
	header := append([]byte("CFE1\x01\x03\x00\x00\x00\x00"), attachment[:]...)
	return append(header, randomBytes(size-len(header))...)
}

func (u *user) attachmentPath(attachment id.ID) string {
	return u.vaultPath("/attachments/" + attachment.String())
}

func (u *user) chunkPath(attachment id.ID, index, count int) string {
	return fmt.Sprintf("%s/chunks/%d?count=%d", u.attachmentPath(attachment), index, count)
}

func (d *device) putChunk(attachment id.ID, index, count int, sealed []byte) reply {
	d.t.Helper()
	return d.call("PUT", d.chunkPath(attachment, index, count), sealed, nil)
}

func (d *device) getChunk(attachment id.ID, index int) reply {
	d.t.Helper()
	return d.call("GET", fmt.Sprintf("%s/chunks/%d", d.attachmentPath(attachment), index), nil, nil)
}

// wantChunks compares what the server says it has of an attachment.
func (d *device) wantChunks(attachment id.ID, count int, present ...int) {
	d.t.Helper()
	var got wire.Chunks
	d.call("GET", d.attachmentPath(attachment), nil, &got).ok(d.t)
	if got.Count != count || got.Present == nil || !slices.Equal(got.Present, present) {
		d.t.Errorf("%d chunks, %v present; want %d, %v", got.Count, got.Present, count, present)
	}
}

// pass moves the server's clock, lets its janitor clean, and renews the session, which is over then.
func (d *device) pass(time time.Duration) {
	d.t.Helper()
	d.server.Clock.Advance(time)
	if _, err := d.server.Cloud.Janitor.Clean(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.session = d.refreshed(d.session.RefreshToken)
}

// withQuota is a server whose accounts may have this many bytes.
func withQuota(t *testing.T, quota int64) *testkit.Server {
	s := testkit.Cloud(t)
	s.Quota = quota
	s.Restart()
	closeIdle()
	return s
}

func TestChunks(t *testing.T) {
	u := signUp(t, testkit.Cloud(t), "ada@example.org")
	a, first, last := id.New(), chunkOfSize(id.ID{}, 200), chunkOfSize(id.ID{}, wire.MaxEnvelope)
	copy(first[10:], a[:])
	copy(last[10:], a[:])
	u.first.wantChunks(a, 0)
	u.first.getChunk(a, 0).want(t, 404, wire.CodeNotFound)
	u.first.putChunk(a, 2, 3, last).ok(t)
	u.first.wantChunks(a, 3, 2)
	u.first.putChunk(a, 0, 3, first).ok(t)
	phone := u.enrol("Phone")
	phone.wantChunks(a, 3, 0, 2)
	for index, want := range map[int][]byte{0: first, 2: last} {
		r := phone.getChunk(a, index)
		if r.ok(t); !bytes.Equal(r.body, want) || r.header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("chunk %d is %d bytes of %s", index, len(r.body), r.header.Get("Content-Type"))
		}
	}
	phone.getChunk(a, 1).want(t, 404, wire.CodeNotFound)
	phone.getChunk(a, 1<<40).want(t, 404, wire.CodeNotFound)
	if r := phone.putChunk(a, 0, 3, first); r.status != http.StatusNoContent {
		t.Errorf("the same bytes again: %d", r.status)
	}
	other := chunkOfSize(a, 200)
	phone.putChunk(a, 0, 3, other).want(t, 409, wire.CodeConflict)
	phone.putChunk(a, 1, 4, other).want(t, 409, wire.CodeConflict)
	phone.wantChunks(a, 3, 0, 2)
	if r := phone.getChunk(a, 0); !bytes.Equal(r.body, first) {
		t.Error("what was refused is there")
	}
}

// What is no chunk of its place is refused, and nothing of it stays.
func TestNoChunk(t *testing.T) {
	u := signUp(t, testkit.Cloud(t), "ada@example.org")
	a, b := id.New(), id.New()
	changed := func(at int, by byte) []byte {
		sealed := chunkOf(a)
		sealed[at] ^= by
		return sealed
	}
	for name, c := range map[string]struct {
		index, count int
		sealed       []byte
		status       int
		code         wire.Code
	}{
		"an index before the first":   {-1, 1, chunkOf(a), 400, wire.CodeInvalid},
		"an index after the last":     {1, 1, chunkOf(a), 400, wire.CodeInvalid},
		"no chunks":                   {0, 0, chunkOf(a), 400, wire.CodeInvalid},
		"more chunks than 100 MiB":    {0, 102, chunkOf(a), 400, wire.CodeInvalid},
		"another magic":               {0, 1, changed(0, 1), 400, wire.CodeInvalid},
		"another suite":               {0, 1, changed(4, 1), 400, wire.CodeInvalid},
		"an object":                   {0, 1, changed(5, 1), 400, wire.CodeInvalid},
		"an epoch":                    {0, 1, changed(9, 1), 400, wire.CodeInvalid},
		"a chunk of another":          {0, 1, chunkOf(b), 400, wire.CodeInvalid},
		"nothing":                     {0, 1, []byte{}, 400, wire.CodeInvalid},
		"less than an envelope":       {0, 1, chunkOfSize(a, 161), 400, wire.CodeInvalid},
		"more than an envelope":       {0, 1, chunkOfSize(a, wire.MaxEnvelope+1), 413, wire.CodeTooLarge},
		"much more than an envelope":  {0, 1, chunkOfSize(a, 3*wire.MaxEnvelope), 413, wire.CodeTooLarge},
		"the last chunk of the least": {0, 1, chunkOf(a), 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			u.first.putChunk(a, c.index, c.count, c.sealed).want(t, c.status, c.code)
		})
	}
	u.first.wantChunks(a, 1, 0)
	for _, query := range []string{"", "?count=", "?count=x", "?count=1&more=1"} {
		u.first.call("PUT", u.attachmentPath(b)+"/chunks/0"+query, chunkOf(b), nil).want(t, 400, wire.CodeInvalid)
	}
	u.first.putChunk(id.ID{}, 0, 1, chunkOf(id.ID{})).want(t, 400, wire.CodeInvalid)
	u.first.wantChunks(b, 0)
}

// A tombstone takes the chunks with it; where the object comes back they can be sent again.
func TestChunksGoWithTheirObject(t *testing.T) {
	u := signUp(t, testkit.Cloud(t), "ada@example.org")
	d, a, b := u.first, id.New(), id.New()
	d.putChunk(a, 0, 2, chunkOf(a)).ok(t)
	d.putChunk(b, 0, 1, chunkOf(b)).ok(t)
	d.push(d.put(64, a, b)).ok(t)
	d.push(d.put(64, a)).ok(t) // renamed
	d.wantChunks(a, 2, 0)
	d.push(d.tombstone(a)).ok(t)
	d.wantChunks(a, 0)
	d.getChunk(a, 0).want(t, 404, wire.CodeNotFound)
	d.wantChunks(b, 1, 0)
	d.putChunk(a, 0, 1, chunkOf(a)).ok(t)
	d.push(d.put(64, a)).ok(t)
	d.wantChunks(a, 1, 0)
}

// What no object names goes after a week without a chunk or a question, and what one names stays.
func TestChunksWaitForTheirObject(t *testing.T) {
	const day = 24 * time.Hour
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	named, orphan, deleted, asked, slow := id.New(), id.New(), id.New(), id.New(), id.New()
	d := u.first
	for _, a := range []id.ID{named, orphan, deleted, asked, slow} {
		d.putChunk(a, 0, 2, chunkOf(a)).ok(t)
	}
	d.push(d.put(64, named, deleted)).ok(t)
	d.push(d.tombstone(deleted)).ok(t)
	d.putChunk(deleted, 0, 2, chunkOf(deleted)).ok(t)
	d.pass(5 * day)
	d.wantChunks(asked, 2, 0)
	d.putChunk(slow, 1, 2, chunkOf(slow)).ok(t)
	d.pass(3 * day)
	d.wantChunks(orphan, 0)
	d.wantChunks(deleted, 0)
	d.wantChunks(named, 2, 0)
	d.wantChunks(asked, 2, 0)
	d.pass(3 * day)
	d.wantChunks(slow, 2, 0, 1)
	d.pass(30 * day)
	d.wantChunks(named, 2, 0)
	d.wantChunks(slow, 0)
	d.wantChunks(asked, 0)
}

// Envelopes and chunks together count; what makes an account smaller always goes.
func TestQuota(t *testing.T) {
	s := withQuota(t, 1000)
	u := signUp(t, s, "ada@example.org")
	d, a, objects := u.first, id.New(), ids(3)
	d.push(d.put(300, objects[0], objects[1])).ok(t)
	wantFull := func(r reply, used int64) {
		t.Helper()
		if r.want(t, 413, wire.CodeQuotaExceeded); r.err.Limit != 1000 || r.err.Used != used {
			t.Errorf("limit %d, used %d; want 1000, %d", r.err.Limit, r.err.Used, used)
		}
	}
	wantFull(d.putChunk(a, 0, 2, chunkOfSize(a, 401)), 600)
	d.wantChunks(a, 0)
	part := chunkOfSize(a, 400)
	d.putChunk(a, 0, 2, part).ok(t)
	d.putChunk(a, 0, 2, part).ok(t) // it counts once
	wantFull(d.push(d.put(64, objects[2])), 1000)
	wantFull(d.push(d.put(301, objects[0])), 1000)
	wantFull(d.putChunk(a, 1, 2, chunkOf(a)), 1000)
	d.push(d.put(300, objects[0])).ok(t)
	d.push(d.put(200, objects[0])).ok(t)
	wantFull(d.push(d.put(101, objects[2])), 900)
	d.push(d.put(100, objects[2])).ok(t)
	d.push(d.tombstone(a)).ok(t)
	d.push(d.tombstone(objects[1])).ok(t)
	wantFull(d.push(d.put(701, id.New())), 300)
	d.push(d.put(700, objects[1])).ok(t)
	// Another account has a quota of its own, and under a lower one what is there can still be made smaller.
	stranger := signUp(t, s, "bob@example.org").first
	stranger.push(stranger.put(1000, id.New())).ok(t)
	s.Quota = 500
	s.Restart()
	closeIdle()
	wantLess := d.push(d.put(701, objects[1]))
	if wantLess.want(t, 413, wire.CodeQuotaExceeded); wantLess.err.Limit != 500 || wantLess.err.Used != 1000 {
		t.Errorf("%+v", wantLess.err)
	}
	d.push(d.put(600, objects[1])).ok(t)
	d.push(d.tombstone(objects[1])).ok(t)
}

// bytesOf is a vault's number of bytes, as it is kept and as it is when it is counted anew.
func (u *user) bytesOf() (kept, counted string) {
	u.t.Helper()
	db := beside(u.t, u.server)
	defer db.Close()
	const sum = `(SELECT COALESCE(SUM(LENGTH(envelope)), 0) FROM `
	all := texts(u.t, db, `SELECT bytes FROM vaults UNION ALL SELECT `+sum+`envelopes) + `+sum+`chunks)`)
	return all[0], all[1]
}

// The number of bytes is right after every step of any history.
func TestBytesAreCounted(t *testing.T) {
	s := withQuota(t, 4000)
	u := signUp(t, s, "ada@example.org")
	d, random, objects, answers := u.first, rand.New(rand.NewPCG(1, 2)), ids(6), map[string]int{}
	for step := range 150 {
		o, size := objects[random.IntN(len(objects))], 162+random.IntN(400)
		var r reply
		switch random.IntN(8) {
		case 0, 1, 2:
			r = d.push(d.put(size, o))
		case 3:
			r = d.push(d.tombstone(o))
		case 4, 5, 6:
			r = d.putChunk(o, random.IntN(3), 3, chunkOfSize(o, size))
		case 7:
			d.pass(time.Duration(random.IntN(5)) * 24 * time.Hour)
		}
		if kept, counted := u.bytesOf(); kept != counted {
			t.Fatalf("step %d, %d %s: %s bytes are kept, %s counted", step, r.status, r.err.Code, kept, counted)
		}
		answers[string(r.err.Code)]++
	}
	for _, code := range []wire.Code{"", wire.CodeConflict, wire.CodeQuotaExceeded} {
		if answers[string(code)] < 5 {
			t.Errorf("a poor history: %v", answers)
		}
	}
}

// FuzzPutChunk sends any chunk, rightly signed: what the server takes it gives back as it was.
func FuzzPutChunk(f *testing.F) {
	s := testkit.Cloud(f)
	d := signUp(f, s, "ada@example.org").first
	f.Add("0", "1", chunkOf(id.ID{})[26:])
	f.Add("100", "101", []byte{})
	f.Add("-1", "0", bytes.Repeat([]byte{1}, 200))
	f.Add("9223372036854775807", "9223372036854775808", []byte{})
	f.Add("%30", "+1", bytes.Repeat([]byte{1}, 200))
	f.Fuzz(func(t *testing.T, index, count string, rest []byte) {
		d.t = t
		a := id.New()
		sealed := append(chunkOf(a)[:26], rest...)
		path := d.attachmentPath(a) + "/chunks/" + url.PathEscape(index)
		r := d.call("PUT", path+"?count="+url.QueryEscape(count), sealed, nil)
		if r.status != 204 && r.err.Code != wire.CodeInvalid && r.err.Code != wire.CodeNotFound {
			t.Errorf("%d %s for %q of %q", r.status, r.err.Code, index, count)
		}
		if got := d.call("GET", path, nil, nil); r.status == 204 && !bytes.Equal(got.body, sealed) {
			t.Errorf("%d bytes were taken, %d are there", len(sealed), len(got.body))
		}
	})
}
