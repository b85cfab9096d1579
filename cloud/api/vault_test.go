package api_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func ids(n int) []id.ID {
	out := make([]id.ID, n)
	for i := range out {
		out[i] = id.New()
	}
	return out
}

func TestPushOfManyObjectsInManyCommits(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	objects := ids(600)
	u.first.push(u.first.put(64, objects...)).ok(t)
	// The server's incremental tree has to agree with the client's after every kind of change.
	for round := range 8 {
		u.first.push(u.first.put(64, append(ids(3), objects[round*20:round*20+20]...)...)).ok(t)
		u.first.push(u.first.tombstone(objects[round*7], objects[300+round])).ok(t)
	}
	u.first.push(u.first.put(64, objects[0])).ok(t) // an edit beats a delete
	fresh := u.newDevice("Reader")
	fresh.session, fresh.id, fresh.key = u.first.session, u.first.id, u.first.key
	fresh.pull()
	if fresh.tree.Root() != u.first.tree.Root() || fresh.at != u.first.at {
		t.Error("a device that pulls from the beginning ends elsewhere")
	}
}

func TestPushConflict(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	u.first.push(u.first.put(64, id.New())).ok(t)
	late := phone.push(phone.put(64, id.New()))
	late.want(t, 409, wire.CodeConflict)
	if late.err.Head == nil || late.err.Head.Seq != 1 || !bytes.Equal(late.err.Head.Hash, u.first.at.Hash[:]) {
		t.Errorf("conflict with head %+v, want %d %s", late.err.Head, u.first.at.Seq, u.first.at.Hash)
	}
	wrongParent := u.first.put(64, id.New())
	wrongParent.Parent = chain.Hash{1}
	u.first.push(wrongParent).want(t, 409, wire.CodeConflict)
	skipped := u.first.put(64, id.New())
	skipped.Seq++
	u.first.push(skipped).want(t, 409, wire.CodeConflict)
	phone.pull()
	phone.push(phone.put(64, id.New())).ok(t)
}

func TestRepeatedPushGetsItsAnswer(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.first
	c := d.put(64, id.New())
	in := d.signed(c)
	d.push(c).ok(t)
	d.push(d.put(64, id.New())).ok(t)
	var again wire.Pushed
	d.call("POST", d.vaultPath("/commits"), in, &again).ok(t)
	if again.Head.Seq != 1 {
		t.Errorf("answer of seq %d, want the stored one of 1", again.Head.Seq)
	}
	reused := d.put(64, id.New())
	reused.Op = c.Op
	d.push(reused).want(t, 409, wire.CodeOpReused)
	// Another device may have the same operation id by chance.
	phone := u.enrol("Phone")
	phone.pull()
	same := phone.put(64, id.New())
	same.Op = c.Op
	phone.push(same).ok(t)
}

func TestPushRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.first
	known := id.New()
	d.push(d.put(64, known)).ok(t)
	stranger := signing.Generate()
	sign := func(in *wire.Push, key signing.PrivateKey, purpose signing.Purpose) {
		in.Signature = key.Sign(purpose, in.Commit)
	}
	for name, c := range map[string]struct {
		draft  func(*draft)
		wire   func(*wire.Push)
		status int
		code   wire.Code
	}{
		"wrong root":                {draft: func(c *draft) { c.Root[0]++ }, status: 422, code: wire.CodeRootMismatch},
		"another device":            {draft: func(c *draft) { c.Device = id.New() }, status: 422, code: wire.CodeBadCommit},
		"another vault":             {draft: func(c *draft) { c.Vault = id.New() }, status: 422, code: wire.CodeBadCommit},
		"epoch 0":                   {draft: func(c *draft) { c.Epoch = 0 }, status: 422, code: wire.CodeBadCommit},
		"epoch to come":             {draft: func(c *draft) { c.Epoch = 2 }, status: 422, code: wire.CodeBadCommit},
		"unknown log position":      {draft: func(c *draft) { c.LogSeq = 99 }, status: 422, code: wire.CodeBadCommit},
		"another log hash":          {draft: func(c *draft) { c.LogHash[0]++ }, status: 422, code: wire.CodeBadCommit},
		"log goes back":             {draft: func(c *draft) { c.LogSeq = 2; c.LogHash, _ = u.log.HashAt(2) }, status: 422, code: wire.CodeBadCommit},
		"old revision not current":  {draft: func(c *draft) { c.changes[0].Object = known; c.envelopes[0].ObjectID = known.String() }, status: 422, code: wire.CodeBadCommit},
		"signature of another key":  {wire: func(in *wire.Push) { sign(in, stranger, signing.Commit) }, status: 422, code: wire.CodeBadCommit},
		"signature for another use": {wire: func(in *wire.Push) { sign(in, d.key, signing.Request) }, status: 422, code: wire.CodeBadCommit},
		"long signature":            {wire: func(in *wire.Push) { in.Signature = randomBytes(200) }, status: 422, code: wire.CodeBadCommit},
		"another change list":       {wire: func(in *wire.Push) { in.Changes = d.signed(d.put(64, id.New())).Changes }, status: 422, code: wire.CodeBadCommit},
		"commit with a byte more":   {wire: func(in *wire.Push) { in.Commit = append(in.Commit, 0) }, status: 422, code: wire.CodeBadCommit},
		"commit cut short":          {wire: func(in *wire.Push) { in.Commit = in.Commit[:40] }, status: 422, code: wire.CodeBadCommit},
		"no envelope":               {wire: func(in *wire.Push) { in.Envelopes = nil }, status: 422, code: wire.CodeBadCommit},
		"an envelope twice":         {wire: func(in *wire.Push) { in.Envelopes = append(in.Envelopes, in.Envelopes[0]) }, status: 422, code: wire.CodeBadCommit},
		"a surplus envelope":        {wire: func(in *wire.Push) { in.Envelopes = append(in.Envelopes, d.put(64, id.New()).envelopes...) }, status: 422, code: wire.CodeBadCommit},
		"envelope changed":          {wire: func(in *wire.Push) { in.Envelopes[0].Envelope[5]++ }, status: 422, code: wire.CodeBadCommit},
		"envelope's revision":       {wire: func(in *wire.Push) { in.Envelopes[0].Revision++ }, status: 422, code: wire.CodeBadCommit},
		"envelope's object":         {wire: func(in *wire.Push) { in.Envelopes[0].ObjectID = id.New().String() }, status: 422, code: wire.CodeBadCommit},
		"envelope of another epoch": {draft: func(c *draft) { c.reseal(0, 2) }, status: 422, code: wire.CodeBadCommit},
		"envelope without a header": {draft: func(c *draft) { c.replace(0, randomBytes(64)) }, status: 422, code: wire.CodeBadCommit},
		"envelope cut to nothing":   {draft: func(c *draft) { c.replace(0, []byte{1}) }, status: 422, code: wire.CodeBadCommit},
		"object id in capitals":     {wire: func(in *wire.Push) { in.Envelopes[0].ObjectID = strings.Repeat("AB", 16) }, status: 400, code: wire.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.at
			fresh := d.put(64, id.New())
			if c.draft != nil {
				c.draft(fresh)
			}
			in := d.signed(fresh)
			if c.wire != nil {
				c.wire(&in)
			}
			d.call("POST", d.vaultPath("/commits"), in, nil).want(t, c.status, c.code)
			var head wire.HeadCommit
			d.call("GET", d.vaultPath("/head"), nil, &head).ok(t)
			if head.Head.Seq != before.Seq {
				t.Fatalf("the head moved to %d", head.Head.Seq)
			}
		})
	}
	d.push(d.put(64, known)).ok(t)
}

func TestPushLimits(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	d.push(d.put(wire.MaxEnvelope, id.New())).ok(t)
	d.push(d.put(wire.MaxEnvelope+1, id.New())).want(t, 413, wire.CodeTooLarge)
	d.push(d.put(wire.MaxEnvelope, ids(8)...)).ok(t)
	d.push(d.put(wire.MaxCommitBytes/9+1, ids(9)...)).want(t, 413, wire.CodeTooLarge)
	body := append([]byte(`{"commit":"`), bytes.Repeat([]byte("A"), wire.MaxRequest)...)
	d.call("POST", d.vaultPath("/commits"), body, nil).want(t, 413, wire.CodeTooLarge)
	d.call("POST", d.vaultPath("/objects/fetch"), bytes.Repeat([]byte(" "), 70_000), nil).want(t, 413, wire.CodeTooLarge)

	// The last object that fits, and the first that does not.
	s.Stop()
	db := beside(t, s)
	_, err := db.Exec(`UPDATE vaults SET objects = $1`, wire.MaxObjects-1)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	closeIdle()
	last := id.New()
	d.push(d.put(8, last)).ok(t)
	d.push(d.put(8, id.New())).want(t, 413, wire.CodeTooLarge)
	d.push(d.put(8, last)).ok(t)
}

// Who is not signed in is refused before a byte of the body is read.
func TestStrangersBodyIsNotRead(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	for _, token := range [][]byte{nil, randomBytes(32)} {
		req := d.request("POST", d.vaultPath("/commits"), token, []byte("{}"))
		req.Body, req.ContentLength = io.NopCloser(neverRead{t}), 100
		req.Header.Set("Expect", "100-continue") // the server asks for the body when it reads it
		send(t, req, nil).want(t, 401, wire.CodeSessionEnded)
	}
}

type neverRead struct{ t *testing.T }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("the body was asked for")
	return 0, io.EOF
}

func TestUnlistedDeviceMayReadAndNotWrite(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	u.first.push(u.first.put(64, id.New())).ok(t)
	phone := u.verified("Phone")
	phone.pull()
	phone.push(phone.put(64, id.New())).want(t, 403, wire.CodeDeviceUnlisted)
	phone.change().rotate(u.first).send().want(t, 403, wire.CodeDeviceUnlisted)
	phone.appendLog(phone.entry()).ok(t)
	phone.push(phone.put(64, id.New())).ok(t)
}

// Many devices push at once: each seq has exactly one winner, and nothing of the losers is left.
func TestConcurrentPushes(t *testing.T) {
	const devices, rounds = 8, 5
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	writers := []*device{u.first}
	for len(writers) < devices {
		writers = append(writers, u.enrol("Device "+strconv.Itoa(len(writers))))
	}
	for round := range rounds {
		replies := make([]reply, devices)
		pushes := make([]wire.Push, devices)
		drafts := make([]*draft, devices)
		for i, d := range writers {
			drafts[i] = d.put(64, id.New(), id.New())
			pushes[i] = d.signed(drafts[i])
		}
		var wait sync.WaitGroup
		for i, d := range writers {
			wait.Go(func() { replies[i] = d.call("POST", d.vaultPath("/commits"), pushes[i], nil) })
		}
		wait.Wait()
		winners := 0
		for _, r := range replies {
			if r.status == 200 {
				winners++
			} else if r.err.Code != wire.CodeConflict || r.err.Head.Seq != uint64(round+1) {
				t.Errorf("loser got %d %s, head %+v", r.status, r.err.Code, r.err.Head)
			}
		}
		if winners != 1 {
			t.Fatalf("round %d has %d winners", round, winners)
		}
		for _, d := range writers {
			d.pull()
		}
	}
	if n := u.first.tree.Len(); n != 2*rounds {
		t.Errorf("%d objects, want %d", n, 2*rounds)
	}
}

// One push sent many times at once is done once, and all get the same answer.
func TestConcurrentRepeats(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	in := d.signed(d.put(64, id.New()))
	answers := make([]wire.Pushed, 8)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { d.call("POST", d.vaultPath("/commits"), in, &answers[i]).ok(t) })
	}
	wait.Wait()
	for _, a := range answers {
		if a.Head.Seq != 1 {
			t.Errorf("head %d, want 1", a.Head.Seq)
		}
	}
}

func TestHeadOfEmptyVault(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	var head wire.HeadCommit
	d.call("GET", d.vaultPath("/head"), nil, &head).ok(t)
	if head.Commit != nil || head.Head.Seq != 0 || !bytes.Equal(head.Head.Hash, make([]byte, 32)) {
		t.Errorf("head of an empty vault: %+v", head)
	}
	var vaults wire.Vaults
	d.call("GET", "/v1/vaults", nil, &vaults).ok(t)
	if len(vaults.Vaults) != 1 || vaults.Vaults[0].VaultID != d.vault.String() || vaults.Vaults[0].Head.Seq != 0 {
		t.Errorf("vaults: %+v", vaults)
	}
	d.push(d.put(64, id.New())).ok(t)
	d.call("GET", d.vaultPath("/head"), nil, &head).ok(t)
	if head.Commit == nil || head.Head.Seq != 1 || chain.CommitHash(head.Commit.Commit) != d.at.Hash {
		t.Errorf("head: %+v", head.Head)
	}
}

func TestChangesComeInPages(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	object := id.New()
	const commits = wire.PageCommits + 5
	for range commits {
		d.push(d.put(8, object)).ok(t)
	}
	var page wire.Changes
	d.call("GET", d.vaultPath("/changes?since=0"), nil, &page).ok(t)
	if len(page.Commits) != wire.PageCommits || !page.More || page.Head.Seq != commits {
		t.Errorf("first page: %d commits, more %v, head %d", len(page.Commits), page.More, page.Head.Seq)
	}
	if len(page.Envelopes) != 1 || page.Envelopes[0].Revision != commits {
		t.Errorf("envelopes of the first page: %d", len(page.Envelopes))
	}
	d.call("GET", d.vaultPath("/changes?since="+strconv.Itoa(wire.PageCommits)), nil, &page).ok(t)
	if len(page.Commits) != 5 || page.More {
		t.Errorf("second page: %d commits, more %v", len(page.Commits), page.More)
	}
	for _, since := range []string{"505", "506", "18446744073709551615"} {
		d.call("GET", d.vaultPath("/changes?since="+since), nil, &page).ok(t)
		if len(page.Commits) != 0 || page.More || page.Head.Seq != commits {
			t.Errorf("since %s: %d commits, more %v, head %d", since, len(page.Commits), page.More, page.Head.Seq)
		}
	}
	d.call("GET", d.vaultPath("/changes?since=-1"), nil, nil).want(t, 400, wire.CodeInvalid)
	d.call("GET", d.vaultPath("/changes?sinse=1"), nil, nil).want(t, 400, wire.CodeInvalid)
}

// A page is bounded in bytes: what does not fit is fetched.
func TestLargeEnvelopesAreFetched(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	objects := ids(7)
	sealed := map[string][]byte{}
	for _, o := range objects {
		c := d.put(wire.MaxEnvelope, o)
		sealed[o.String()] = c.envelopes[0].Envelope
		d.push(c).ok(t)
	}
	var page wire.Changes
	d.call("GET", d.vaultPath("/changes?since=0"), nil, &page).ok(t)
	if len(page.Envelopes) != 4 || len(page.Commits) != 7 {
		t.Errorf("%d commits and %d envelopes, want 7 and 4", len(page.Commits), len(page.Envelopes))
	}
	missing := map[string]bool{}
	for _, o := range objects {
		missing[o.String()] = true
	}
	for len(missing) > 0 {
		in := wire.Fetch{ObjectIDs: []string{id.New().String()}} // unknown ones are left out
		for o := range missing {
			in.ObjectIDs = append(in.ObjectIDs, o)
		}
		var fetched wire.Fetched
		d.call("POST", d.vaultPath("/objects/fetch"), in, &fetched).ok(t)
		if len(fetched.Envelopes) == 0 {
			t.Fatal("no progress")
		}
		for _, e := range fetched.Envelopes {
			if !bytes.Equal(e.Envelope, sealed[e.ObjectID]) {
				t.Errorf("envelope of %s differs", e.ObjectID)
			}
			delete(missing, e.ObjectID)
		}
	}
	many := wire.Fetch{ObjectIDs: make([]string, wire.PageObjects+1)}
	for i := range many.ObjectIDs {
		many.ObjectIDs[i] = objects[0].String()
	}
	d.call("POST", d.vaultPath("/objects/fetch"), many, nil).want(t, 413, wire.CodeTooLarge)
}

// The first sync: the whole state in order of the tree, on pages, and a root that fits the head.
func TestObjectsComeInPages(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	objects := ids(wire.PageRows + 500)
	d.push(d.put(16, objects[:500]...)).ok(t)
	for rest := objects[490:]; len(rest) > 0; rest = rest[min(len(rest), wire.MaxChanges):] {
		d.push(d.tombstone(rest[:min(len(rest), wire.MaxChanges)]...)).ok(t)
	}
	tree, pages, last := chain.NewTree(d.vault), 0, ""
	for cursor := ""; ; pages++ {
		var page wire.Objects
		d.call("GET", d.vaultPath("/objects?after="+cursor), nil, &page).ok(t)
		for _, r := range page.Rows {
			object, err := id.Parse(r.ObjectID)
			if err != nil {
				t.Fatal(err)
			}
			hash, _ := chain.HashFrom(r.EnvHash)
			place := strconv.Itoa(100_000+int(chain.LeafOf(d.vault, object))) + r.ObjectID
			if place <= last {
				t.Fatal("rows are out of order")
			}
			last = place
			if live := r.State == uint8(chain.Live); live == hash.IsZero() {
				t.Fatalf("row %+v", r)
			}
			tree.Set(chain.Row{Object: object, Revision: r.Revision, State: chain.State(r.State), EnvHash: hash})
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if pages != 1 || tree.Len() != len(objects) || tree.Root() != d.tree.Root() {
		t.Errorf("%d full pages, %d rows, root right: %v", pages, tree.Len(), tree.Root() == d.tree.Root())
	}
	for _, cursor := range []string{"x", "00", strings.Repeat("0", 38), strings.Repeat("0", 70)} {
		d.call("GET", d.vaultPath("/objects?after="+cursor), nil, nil).want(t, 400, wire.CodeInvalid)
	}
}

func TestOldEnvelopesAreDropped(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	object, canary := id.New(), []byte("an envelope that was replaced")
	c := d.put(64, object)
	c.replace(0, append(d.envelope(16), canary...))
	d.push(d.finishDraft(c)).ok(t)
	d.push(d.tombstone(object)).ok(t)
	s.Stop()
	if data := readFile(t, s.Database()); bytes.Contains(data, canary) {
		t.Error("the envelope of a deleted object is still in the database file")
	}
}

func TestObjectOfZeros(t *testing.T) {
	d := signUp(t, testkit.Cloud(t), "ada@example.org").first
	d.push(d.put(64, id.ID{})).want(t, 422, wire.CodeBadCommit)
	d.push(d.tombstone(id.ID{})).want(t, 422, wire.CodeBadCommit)
	d.push(d.put(64, id.New())).ok(t)
}

// An object is sent once, however often it is named.
func TestFetchOfOneObjectManyTimes(t *testing.T) {
	d, a, b := signUp(t, testkit.Cloud(t), "ada@example.org").first, id.New(), id.New()
	d.push(d.put(1000, a, b)).ok(t)
	names := append(slices.Repeat([]string{a.String()}, 999), b.String())
	var got wire.Fetched
	d.call("POST", d.vaultPath("/objects/fetch"), wire.Fetch{ObjectIDs: names}, &got).ok(t)
	if len(got.Envelopes) != 2 || got.Envelopes[0].ObjectID == got.Envelopes[1].ObjectID {
		t.Errorf("%d envelopes of 2 objects", len(got.Envelopes))
	}
}

// A push of many changes asks the database few questions, each of which is an answer to wait for: 251 nodes and 1,000 sizes are not asked for
// one by one.
func TestLargePushAsksLittle(t *testing.T) {
	s := testkit.Cloud(t)
	var asked atomic.Int64
	s.Hook = func(statement string) error {
		if strings.HasPrefix(statement, "SELECT") {
			asked.Add(1)
		}
		return nil
	}
	s.Restart()
	closeIdle()
	d := signUp(t, s, "ada@example.org").first
	objects := ids(wire.MaxChanges)
	d.push(d.put(64, objects...)).ok(t)
	push := d.put(64, objects...)
	asked.Store(0)
	d.push(push).ok(t)
	if n := asked.Load(); n > 100 {
		t.Errorf("%d questions", n)
	}
}
