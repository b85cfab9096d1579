//go:build system

// Package interop lets two clients that share no code use one account: the Go client, and docs/vectors/client.py, which was written
// from docs/protocol.md alone.
package interop

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

const (
	email       = "ada@example.org"
	newPassword = "another battery, another staple"
)

func TestMain(m *testing.M) {
	testkit.LowerKDFCost()
	os.Exit(m.Run())
}

// python is a running client.py.
type python struct {
	t      *testing.T
	server *testkit.Server
	in     io.Writer
	out    *bufio.Scanner
}

type said struct {
	OK      json.RawMessage
	Refused string
	Error   string
	Code    string
}

func startPython(t *testing.T, server *testkit.Server) *python {
	t.Helper()
	// The cost is that of LowerKDFCost.
	cmd := exec.CommandContext(t.Context(), "python3", "../../docs/vectors/client.py", server.URL, "64", "1", "4")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = t.Output()
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if errIn != nil || errOut != nil || cmd.Start() != nil {
		t.Fatal("python3 does not start")
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	p := &python{t, server, in, bufio.NewScanner(out)}
	p.out.Buffer(nil, 16<<20)
	return p
}

func (p *python) write(v any) {
	p.t.Helper()
	line, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
}

// try runs a command, and types the code that was mailed if it is asked for.
func (p *python) try(command map[string]string) said {
	p.t.Helper()
	p.write(command)
	for p.out.Scan() {
		var s said
		if err := json.Unmarshal(p.out.Bytes(), &s); err != nil {
			p.t.Fatalf("%v: %s", err, p.out.Text())
		}
		if s.Code == "" {
			return s
		}
		p.write(p.server.LastCode(p.t, s.Code))
	}
	p.t.Fatalf("client.py ended at %q", command["do"])
	return said{}
}

// do is try for what has to succeed.
func (p *python) do(into any, command map[string]string) {
	p.t.Helper()
	s := p.try(command)
	if s.OK == nil {
		p.t.Fatalf("%s: refused %q, error %q", command["do"], s.Refused, s.Error)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(s.OK, into); err != nil {
		p.t.Fatal(err)
	}
}

// items are the plaintexts that the Python client sees.
func (p *python) items() map[id.ID]map[uint64]any {
	p.t.Helper()
	var inHex map[string]string
	p.do(&inHex, map[string]string{"do": "items"})
	all := map[id.ID]map[uint64]any{}
	for text, plaintext := range inHex {
		raw, err := hex.DecodeString(plaintext)
		var fields map[uint64]any
		if err != nil || canonical.Unmarshal(raw, &fields) != nil {
			p.t.Fatalf("%s: %s", text, plaintext)
		}
		object, err := id.Parse(text)
		if err != nil {
			p.t.Fatal(err)
		}
		all[object] = fields
	}
	return all
}

func (p *python) put(object id.ID, fields map[uint64]any) {
	p.t.Helper()
	raw, err := canonical.Marshal(fields)
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(nil, map[string]string{"do": "put", "thing": object.String(), "plaintext": hex.EncodeToString(raw)})
}

// plaintext has every key of §6 and one that nobody knows.
func plaintext() map[uint64]any {
	field, device, batch, folder := id.New(), id.New(), id.New(), id.New()
	return map[uint64]any{
		1: uint64(1), 2: "login", 3: "Grüße", 4: map[any]any{"username": []byte("ada"), "password": []byte("p\xff\x00w")},
		5: []any{"https://a.example", "https://b.example"}, 6: []any{"home", "work"},
		7: []any{map[any]any{uint64(1): field[:], uint64(2): "PIN", uint64(3): "concealed", uint64(4): []byte("0000")}},
		8: folder[:], 9: true, 10: uint64(1_700_000_000_004), 11: uint64(1_700_000_000_000), 12: uint64(1_700_000_000_001),
		13: []any{map[any]any{uint64(1): "title", uint64(2): []byte("Gruß"), uint64(3): uint64(1_700_000_000_002), uint64(4): device[:], uint64(5): true}},
		14: "chromium", 15: "7", 16: batch[:], 17: uint64(1_700_000_000_003), 18: uint64(1_700_000_000_005), 99: []any{"from", "the", "future"},
	}
}

// same compares an item of the Go client with the plaintext that the Python client has, field by field.
func same(t *testing.T, it vault.Item, fields map[uint64]any) {
	t.Helper()
	want := map[uint64]any{1: uint64(1), 2: string(it.Kind)}
	set := func(key uint64, value any, empty bool) {
		if !empty {
			want[key] = value
		}
	}
	stamp := func(key uint64, at int64) { set(key, uint64(at), at == 0) }
	set(3, it.Title, it.Title == "")
	values := map[any]any{}
	for key, value := range it.Values {
		values[string(key)] = value.Reveal()
	}
	set(4, values, len(values) == 0)
	set(5, list(it.Websites, func(s string) any { return s }), len(it.Websites) == 0)
	set(6, list(it.Tags, func(s string) any { return s }), len(it.Tags) == 0)
	set(7, list(it.Custom, func(c vault.CustomField) any {
		return map[any]any{uint64(1): c.ID[:], uint64(2): c.Label, uint64(3): string(c.Type), uint64(4): c.Value.Reveal()}
	}), len(it.Custom) == 0)
	set(8, it.Folder[:], it.Folder.IsZero())
	set(9, true, !it.Favorite)
	stamp(10, it.TrashedAt)
	stamp(11, it.CreatedAt)
	stamp(12, it.UpdatedAt)
	set(13, list(it.History, past), len(it.History) == 0)
	set(14, it.Origin.Source, it.Origin.Source == "")
	set(15, it.Origin.SourceID, it.Origin.SourceID == "")
	set(16, it.Origin.Batch[:], it.Origin.Batch.IsZero())
	stamp(17, it.PasswordSetAt)
	stamp(18, it.ArchivedAt)
	for key, value := range want {
		if !reflect.DeepEqual(value, fields[key]) {
			t.Errorf("key %d is %v for the Go client and %v for the Python client", key, value, fields[key])
		}
	}
	for key := range fields {
		if want[key] == nil && key != 99 {
			t.Errorf("key %d is %v for the Python client alone", key, fields[key])
		}
	}
}

func list[T any](in []T, of func(T) any) []any {
	var out []any
	for _, v := range in {
		out = append(out, of(v))
	}
	return out
}

func past(p vault.Past) any {
	fields := map[any]any{uint64(1): string(p.Field), uint64(3): uint64(p.Time), uint64(4): p.Device[:]}
	if !p.Value.IsZero() {
		fields[uint64(2)] = p.Value.Reveal()
	}
	if p.Conflict {
		fields[uint64(5)] = true
	}
	return fields
}

func TestAnAccountThatTheOtherClientMade(t *testing.T) {
	server := testkit.Cloud(t)
	py, pc := startPython(t, server), testpc.New(t, "PC Go", nil)
	var secretKey string
	py.do(&secretKey, map[string]string{"do": "sign_up", "email": email, "password": testpc.Password})
	object := id.New()
	py.put(object, plaintext())

	u := pc.SignIn(t, server, email, secretKey)
	it := testpc.Get(t, u, object)
	same(t, it, py.items()[object])

	it.Title = "edited by the Go client"
	it = testpc.Save(t, u, it)
	testpc.Sync(t, u)
	py.do(nil, map[string]string{"do": "sync"})
	seen := py.items()[object]
	same(t, it, seen)
	if !reflect.DeepEqual(seen[99], plaintext()[99]) {
		t.Errorf("the Go client made %v of what it does not know", seen[99])
	}

	py.do(nil, map[string]string{"do": "change_password", "password": newPassword})
	if err := u.Sync(t.Context()); err == nil {
		t.Error("the Go client goes on under the old password")
	}
	if err := u.AdoptKeys(t.Context(), testpc.Typed(newPassword), ""); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
}

func TestAnAccountThatTheGoClientMade(t *testing.T) {
	server := testkit.Cloud(t)
	py, pc := startPython(t, server), testpc.New(t, "PC Go", nil)
	u := pc.SignUp(t, server, email)
	it := testpc.Save(t, u, testpc.Login("by the Go client", "ada", "secret"))
	testpc.Sync(t, u)
	py.do(nil, map[string]string{"do": "sign_in", "email": email, "password": testpc.Password, "secret_key": u.SecretKey()})
	same(t, it, py.items()[it.ID])

	object := id.New()
	py.put(object, plaintext())
	testpc.Sync(t, u)
	same(t, testpc.Get(t, u, object), py.items()[object])

	// The new Secret Key comes to the Python client in a wrap, and the new vault key in the bundle.
	change := func(c session.Change) {
		t.Helper()
		c.Password = testpc.Typed(testpc.Password)
		if err := u.Change(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		testpc.Sync(t, u)
	}
	for _, c := range []session.Change{{NewSecretKey: true}, {Rotate: true}} {
		change(c)
		if s := py.try(map[string]string{"do": "sync"}); s.Refused != "keys changed" {
			t.Fatalf("a sync after a change of the keys: %+v", s)
		}
		py.do(nil, map[string]string{"do": "adopt", "password": testpc.Password})
		py.put(object, plaintext())
		testpc.Sync(t, u)
		same(t, testpc.Get(t, u, object), py.items()[object])
	}

	devices, err := u.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.Name == "PC Python" {
			change(session.Change{Remove: []id.ID{d.ID}})
		}
	}
	if s := py.try(map[string]string{"do": "put", "thing": object.String(), "plaintext": "a0"}); s.Error != "session_ended" {
		t.Errorf("a push of a removed device: %+v", s)
	}
}

// TestFiles lets each client attach a file that the other one reads, in more than one chunk and in one that is empty.
func TestFiles(t *testing.T) {
	server := testkit.Cloud(t)
	py, pc := startPython(t, server), testpc.New(t, "PC Go", nil)
	u := pc.SignUp(t, server, email)
	it := testpc.Save(t, u, testpc.Login("with files", "ada", "secret"))
	testpc.Sync(t, u)
	py.do(nil, map[string]string{"do": "sign_in", "email": email, "password": testpc.Password, "secret_key": u.SecretKey()})
	for _, size := range []int{0, seal.MaxPlaintext + 1} {
		content := make([]byte, size)
		rand.Read(content)
		var byPython string
		py.do(&byPython, map[string]string{"do": "attach", "thing": it.ID.String(), "name": "by Python", "content": hex.EncodeToString(content)})
		byGo, err := u.Attach(t.Context(), it.ID, "by Go", bytes.NewReader(content), int64(size))
		if err != nil {
			t.Fatal(err)
		}
		carry(t, u)
		readByGo(t, u, byPython, content)
		py.do(nil, map[string]string{"do": "sync"})
		var inHex string
		if py.do(&inHex, map[string]string{"do": "file", "attachment": byGo.ID.String()}); inHex != hex.EncodeToString(content) {
			t.Errorf("the Python client reads %d bytes of %d", len(inHex)/2, size)
		}
	}
	if files, err := u.Attachments(t.Context(), it.ID); err != nil || len(files) != 4 {
		t.Errorf("the item has %d files, %v", len(files), err)
	}
}

// carry syncs, sends and fetches files, and syncs what names them.
func carry(t *testing.T, u *session.Unlocked) {
	t.Helper()
	testpc.Sync(t, u)
	if err := u.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
}

func readByGo(t *testing.T, u *session.Unlocked, attachment string, want []byte) {
	t.Helper()
	file, err := id.Parse(attachment)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved")
	if err := u.SaveAttachment(t.Context(), file, path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the Go client reads %d bytes of %d, %v", len(got), len(want), err)
	}
}

// TestAnOlderServer puts a backup of the server back: the Python client notices as the Go client does.
func TestAnOlderServer(t *testing.T) {
	server := testkit.Cloud(t)
	py := startPython(t, server)
	py.do(nil, map[string]string{"do": "sign_up", "email": email, "password": testpc.Password})
	py.put(id.New(), plaintext())
	backup := server.Backup()
	py.put(id.New(), plaintext())
	server.Restore(backup)
	if s := py.try(map[string]string{"do": "sync"}); s.Refused != "another head" {
		t.Errorf("a sync with an older server: %+v", s)
	}
}
