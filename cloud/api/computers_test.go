package api_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// organization is one with a token for its computers.
type organization struct {
	t      testing.TB
	server *testkit.Server
	id     id.ID
	token  string
	serial id.ID
}

func newOrganization(t testing.TB, s *testkit.Server) *organization {
	t.Helper()
	o := &organization{t: t, server: s, id: id.New()}
	text, row, err := s.Cloud.Computers.MakeToken(t.Context(), o.id, "example.org", "Bakery Miller & Sons", "de", 7)
	if err != nil {
		t.Fatal(err)
	}
	o.token, o.serial = text, row.Serial
	return o
}

// newComputer signs under the zero account, as a computer does.
func (o *organization) newComputer() *device {
	return &device{user: &user{t: o.t, server: o.server}, id: id.New(), key: signing.Generate()}
}

func said(name string) wire.ComputerReport {
	return wire.ComputerReport{Name: name, Version: "1.4.0", System: "windows 10.0.22631", Ring: "pilot", Problems: []string{"disk-space"}}
}

func (o *organization) registration(d *device, name string) wire.ComputerRegister {
	key := d.key.Public()
	return wire.ComputerRegister{Device: wire.ComputerKey{ID: d.id.String(), PublicKey: key[:]}, Token: o.token, Report: said(name)}
}

func (o *organization) register(d *device, name string) reply {
	return d.callWithoutToken("/v1/computers", o.registration(d, name), nil)
}

func reports(d *device) string { return "/v1/computers/" + d.id.String() + "/reports" }

// names are those of the organization's list.
func (o *organization) names() (names []string) {
	o.t.Helper()
	all, err := o.server.Cloud.Computers.List(o.t.Context(), o.id)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, c := range all {
		names = append(names, c.Name+" "+c.Version)
	}
	return names
}

func TestComputers(t *testing.T) {
	s := testkit.Cloud(t)
	o := newOrganization(t, s)
	pc, other := o.newComputer(), o.newComputer()
	o.register(pc, "PC-1").ok(t)
	o.register(other, "PC-2").ok(t)
	s.Clock.Advance(24 * time.Hour)
	next := said("PC-1")
	next.Version = "1.5.0"
	pc.callWithoutToken(reports(pc), next, nil).ok(t)
	pc.callWithoutToken(reports(pc), next, nil).want(t, 429, wire.CodeSlowDown)
	if got := strings.Join(o.names(), ", "); got != "PC-1 1.5.0, PC-2 1.4.0" {
		t.Errorf("the list has %s", got)
	}
	s.Restart()
	closeIdle()
	s.Clock.Advance(time.Hour)
	pc.callWithoutToken(reports(pc), said("PC-1"), nil).ok(t)
}

// Nobody speaks for a computer but itself, and it once.
func TestForgedReports(t *testing.T) {
	s := testkit.Cloud(t)
	o := newOrganization(t, s)
	pc, other := o.newComputer(), o.newComputer()
	o.register(pc, "PC-1").ok(t)
	o.register(other, "PC-2").ok(t)
	s.Clock.Advance(time.Hour)
	forger := &device{user: pc.user, id: pc.id, key: other.key}
	forger.callWithoutToken(reports(pc), said("EVIL"), nil).want(t, 401, wire.CodeSessionEnded)
	o.register(forger, "EVIL").want(t, 409, wire.CodeConflict)
	other.callWithoutToken(reports(pc), said("EVIL"), nil).want(t, 404, wire.CodeNotFound)
	stranger := o.newComputer()
	stranger.callWithoutToken(reports(stranger), said("EVIL"), nil).want(t, 401, wire.CodeSessionEnded)

	// A registration whose signature is another's, or that is made in the name of an account.
	misled := o.registration(o.newComputer(), "EVIL")
	forger.callWithoutToken("/v1/computers", misled, nil).want(t, 400, wire.CodeInvalid)
	member := signUp(t, s, "ada@example.org").first
	member.callWithoutToken("/v1/computers", o.registration(member, "EVIL"), nil).want(t, 400, wire.CodeInvalid)

	req := pc.request("POST", reports(pc), nil, said("PC-1"))
	again := req.Clone(t.Context())
	again.Body, _ = req.GetBody()
	send(t, req, nil).ok(t)
	send(t, again, nil).want(t, 400, wire.CodeInvalid)
	late := pc.request("POST", reports(pc), nil, []byte(`{"name":"OLD","version":"1","system":"x"}`))
	pc.sign(late, []byte(`{"name":"OLD","version":"1","system":"x"}`), nil, s.Clock.Now().Add(-121*time.Second).UnixMilli())
	send(t, late, nil).want(t, 401, wire.CodeClockSkew)
	if got := strings.Join(o.names(), ", "); got != "PC-1 1.4.0, PC-2 1.4.0" {
		t.Errorf("the list has %s", got)
	}
}

func TestTokensOfComputers(t *testing.T) {
	s := testkit.Cloud(t)
	o, elsewhere := newOrganization(t, s), newOrganization(t, testkit.Cloud(t))
	pc := o.newComputer()
	o.register(pc, "PC-1").ok(t)
	mine := o.token
	for name, token := range map[string]string{"another server's": elsewhere.token, "changed": mine[:8] + "AAAA" + mine[12:], "none": ""} {
		o.token = token
		if r := o.register(o.newComputer(), "PC-2"); r.status != 401 || r.err.Code != wire.CodeProofFailed {
			t.Errorf("%s: %d %s", name, r.status, r.err.Code)
		}
	}
	o.token = mine
	s.Clock.Advance(8 * 24 * time.Hour)
	o.register(o.newComputer(), "PC-2").want(t, 403, wire.CodeCodeExpired)
	pc.callWithoutToken(reports(pc), said("PC-1"), nil).ok(t)
	if err := s.Cloud.Computers.RevokeToken(t.Context(), o.serial); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Hour)
	pc.callWithoutToken(reports(pc), said("PC-9"), nil).want(t, 403, wire.CodeDeviceRevoked)
	o.register(o.newComputer(), "PC-2").want(t, 403, wire.CodeDeviceRevoked)
	if got := strings.Join(o.names(), ", "); got != "PC-1 1.4.0" {
		t.Errorf("the list has %s", got)
	}
}

// Who makes computers up is slowed down, by address.
func TestRegistrationsAreLimited(t *testing.T) {
	s := testkit.Cloud(t)
	s.Limits = api.Limits{SignIn: 0.001, SignInBurst: 2, Other: 1000, OtherBurst: 1000}
	s.Restart()
	closeIdle()
	o := newOrganization(t, s)
	o.register(o.newComputer(), "PC-1").ok(t)
	o.register(o.newComputer(), "PC-2").ok(t)
	o.register(o.newComputer(), "PC-3").want(t, 429, wire.CodeSlowDown)
}

func TestLogNamesNoComputer(t *testing.T) {
	s := testkit.Cloud(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Restart()
	closeIdle()
	o := newOrganization(t, s)
	o.register(o.newComputer(), "PC-OF-QUINN").ok(t)
	bad := o.registration(o.newComputer(), "PC-OF-QUINN\n")
	o.newComputer().callWithoutToken("/v1/computers", bad, nil).want(t, 400, wire.CodeInvalid)
	s.Stop()
	if text := log.String(); !strings.Contains(text, "POST /v1/computers") || strings.Contains(text, "QUINN") || strings.Contains(text, o.token) || strings.Contains(text, "Bakery") {
		t.Errorf("the log: %s", text)
	}
}

// A body may be anything: the answer is one of the protocol, and no computer comes of it.
func FuzzComputerReport(f *testing.F) {
	s := testkit.Cloud(f)
	o := newOrganization(f, s)
	pc := o.newComputer()
	o.register(pc, "PC-1").ok(f)
	for _, seed := range []string{
		`{"name":"PC-1","version":"1","system":"x"}`, `{"name":"PC\u202e","version":"1","system":"x"}`, `{"name":1}`, `{"problems":["a","b"],"last_check":-1}`, `[`, `null`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s.Clock.Advance(2 * time.Minute)
		signer := &device{user: &user{t: t, server: s}, id: pc.id, key: pc.key}
		r := send(t, signer.request("POST", reports(pc), nil, body), nil)
		if r.status/100 != 2 && r.status/100 != 4 {
			t.Errorf("status %d", r.status)
		}
		all, err := s.Cloud.Computers.List(t.Context(), o.id)
		if err != nil || len(all) != 1 || all[0].Name == "" || len(all[0].Problems) > wire.MaxProblems {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
