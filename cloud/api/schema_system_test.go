//go:build system

package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
)

var (
	schemaTime = flag.Duration("schema.time", 30*time.Second, "how long requests are made of the description")
	schemaSeed = flag.Uint64("schema.seed", 1, "what they are made from")
)

// schema is one of docs/openapi.json, as far as it is used here.
type schema struct {
	Ref             string `json:"$ref"`
	Type            any    // a name, or several
	Properties      map[string]*schema
	Required        []string
	Items           *schema
	ContentEncoding string
	Closed          any `json:"additionalProperties"` // false, or absent
	Minimum         *float64
}

type content map[string]struct{ Schema *schema }

type parameter struct {
	Name, In string
	Schema   *schema
}

type schemaOperation struct {
	route       string
	Parameters  []parameter
	RequestBody struct{ Content content }
	Responses   map[string]struct{ Content content }
}

// description is all operations, and the schemas that they name.
type description struct {
	Paths      map[string]map[string]*schemaOperation
	Components struct{ Schemas map[string]*schema }
	operations []*schemaOperation
}

func readDescription(t *testing.T) *description {
	t.Helper()
	data, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := new(description)
	if err := json.Unmarshal(data, d); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			op := d.Paths[path][method]
			op.route = strings.ToUpper(method) + " " + path
			d.operations = append(d.operations, op)
		}
	}
	return d
}

func (d *description) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

func (s *schema) types() []string {
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, name := range t {
			all = append(all, fmt.Sprint(name))
		}
		return all
	}
	return nil
}

// check tells where a value is not what the schema says.
func (d *description) check(s *schema, v any, at string) error {
	s = d.resolve(s)
	if s == nil {
		return fmt.Errorf("%s: no schema", at)
	}
	is := func(name string) bool { return slices.Contains(s.types(), name) }
	switch v := v.(type) {
	case nil:
		if !is("null") {
			return fmt.Errorf("%s is null", at)
		}
	case bool:
		if !is("boolean") {
			return fmt.Errorf("%s is a boolean", at)
		}
	case json.Number:
		if _, err := v.Int64(); !is("integer") || err != nil && !strings.HasPrefix(v.String(), "1844") {
			return fmt.Errorf("%s is the number %s", at, v)
		}
	case string:
		if _, err := base64.StdEncoding.Strict().DecodeString(v); !is("string") || s.ContentEncoding == "base64" && err != nil {
			return fmt.Errorf("%s is the text %q", at, v)
		}
	case []any:
		if !is("array") {
			return fmt.Errorf("%s is a list", at)
		}
		for i, element := range v {
			if err := d.check(s.Items, element, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return d.checkObject(s, v, at)
	}
	return nil
}

func (d *description) checkObject(s *schema, v map[string]any, at string) error {
	if !slices.Contains(s.types(), "object") {
		return fmt.Errorf("%s is an object", at)
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s has no %s", at, name)
		}
	}
	for name, value := range v {
		if s.Properties[name] == nil {
			return fmt.Errorf("%s has %s", at, name)
		}
		if err := d.check(s.Properties[name], value, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// maker makes values from a seed. known are texts that the server knows: ids, addresses, codes.
type maker struct {
	*rand.Rand
	d     *description
	known []string
}

func pick[T any](m *maker, all ...T) T { return all[m.IntN(len(all))] }

// value is one that the schema accepts.
func (m *maker) value(s *schema) any {
	s = m.d.resolve(s)
	switch pick(m, s.types()...) {
	case "object":
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if slices.Contains(s.Required, name) || m.IntN(2) == 0 {
				out[name] = m.value(s.Properties[name])
			}
		}
		return out
	case "array":
		out := []any{}
		for range m.IntN(4) {
			out = append(out, m.value(s.Items))
		}
		return out
	case "integer":
		return json.Number(pick(m, "0", "1", "2", "5", "255", "65536", "2147483647", "1800000000000", "9007199254740993", "9223372036854775807"))
	case "boolean":
		return m.IntN(2) == 0
	case "null":
		return nil
	}
	if s.ContentEncoding == "base64" {
		return base64.StdEncoding.EncodeToString(m.bytes(pick(m, 0, 1, 16, 31, 32, 33, 64, 200, 1216, 5000)))
	}
	return m.text()
}

func (m *maker) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(m.Uint32())
	}
	return out
}

func (m *maker) text() string {
	if m.IntN(3) > 0 {
		return pick(m, m.known...)
	}
	return pick(m, "", " ", "x", "0", "-1", "null", "\x00", "\u202e\u200b", "ä́\ufeff日本語🔑", "\U0010ffff", "a@b", "A@B.example", "'; DROP TABLE accounts; --", "%00%ff", "../../x",
		strings.Repeat("a", 255), strings.Repeat("é", 40_000), id.ID{}.String(), strings.ToUpper(pick(m, m.known...)), "AAAA-AAAA", "de", "<script>", "{{.}}")
}

// hostile is a value of any type but, mostly, the right one.
func (m *maker) hostile() any {
	switch m.IntN(8) {
	case 0:
		return nil
	case 1:
		return json.Number(pick(m, "-1", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "-0", "0.5", "1E400",
			strings.Repeat("9", 400)))
	case 2:
		return []any{}
	case 3:
		var deep any = "x"
		for range pick(m, 2, 20, 2000) {
			deep = []any{deep}
		}
		return deep
	case 4:
		return map[string]any{m.text(): m.text()}
	case 5:
		return m.IntN(2) == 0
	}
	return m.text()
}

// damage changes one place of a value.
func (m *maker) damage(v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 || m.IntN(8) == 0 {
			v[pick(m, "extra", "__proto__", "", "account_id", m.text())] = m.hostile()
			return v
		}
		name := pick(m, names...)
		switch m.IntN(5) {
		case 0:
			delete(v, name)
		case 1:
			v[strings.ToUpper(name[:min(1, len(name))])+name[min(1, len(name)):]] = v[name]
		default:
			v[name] = m.damage(v[name])
		}
		return v
	case []any:
		if len(v) > 0 && m.IntN(4) > 0 {
			i := m.IntN(len(v))
			v[i] = m.damage(v[i])
			return v
		}
		// Not of what is long already: a list of lists would grow with every damage.
		if text, err := json.Marshal(v); err == nil && len(v) > 0 && len(text) < 500 && m.IntN(2) == 0 {
			return slices.Repeat(v, pick(m, 2, 300, 2000)/len(v)+1)
		}
	}
	return m.hostile()
}

// body is the text of one: by the schema, or the caller's own good one, each as it is or damaged.
func (m *maker) body(s *schema, good any) []byte {
	v := m.value(s)
	if data, err := json.Marshal(good); good != nil && m.IntN(2) == 0 && err == nil {
		numbers := json.NewDecoder(bytes.NewReader(data))
		numbers.UseNumber()
		if err := numbers.Decode(&v); err != nil {
			panic(err) // it was written a line above
		}
	}
	for range pick(m, 0, 0, 1, 1, 2, 4) {
		v = m.damage(v)
	}
	data, err := json.Marshal(v)
	if err != nil { // a number that is none in Go
		return []byte(`{"a":1E400}`)
	}
	if m.IntN(10) == 0 { // not JSON any more
		i := m.IntN(len(data) + 1)
		data = slices.Concat(data[:i], pick(m, nil, []byte("\xff"), []byte(`,`), []byte(`"`), []byte(" \x00"), data), data[min(len(data), i+m.IntN(3)):])
	}
	return data
}

// target is a path with its parameters.
func (m *maker) target(op *schemaOperation) (method, to string) {
	method, to, _ = strings.Cut(op.route, " ")
	query := url.Values{}
	for _, p := range op.Parameters {
		value := fmt.Sprint(pick(m, m.value(p.Schema), any(m.text()), m.value(p.Schema)))
		if p.In == "path" {
			to = strings.ReplaceAll(to, "{"+p.Name+"}", url.PathEscape(value))
		} else if m.IntN(4) > 0 {
			query.Add(p.Name, value)
		}
	}
	if m.IntN(10) == 0 {
		query.Add(pick(m, "extra", "since", "after", "count", m.text()), m.text())
	}
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	return method, to
}

// TestSchema asks every operation, as every caller, for what the description allows and what it does not. Each answer is one that the
// description lists, none is a failure of the server's, and none keeps anybody waiting.
func TestSchema(t *testing.T) {
	d := readDescription(t)
	m := &maker{Rand: rand.New(rand.NewPCG(*schemaSeed, 0)), d: d}
	end, asked, taken := time.Now().Add(*schemaTime), 0, map[string]int{}
	for round := 0; time.Now().Before(end) && !t.Failed(); round++ {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			c := newCast(t)
			impatient(c)
			m.known = c.words()
			// What is asked ends sessions and devices now and then: a new cast sees to it that handlers are reached.
			for n := 0; n < 1500 && time.Now().Before(end); n++ {
				op := d.operations[n%len(d.operations)]
				if op.route == "DELETE /v1/sessions" && m.IntN(20) > 0 {
					continue // or there is soon nobody who is signed in
				}
				asked++
				if m.ask(t, c, op) {
					taken[op.route]++
				}
			}
		})
	}
	t.Logf("%d requests in %s, %d of %d operations took some", asked, *schemaTime, len(taken), len(d.operations))
	if len(taken) < 10 {
		t.Errorf("only %d operations took a request: %v", len(taken), taken)
	}
}

// impatient lets polls end at once.
func impatient(c *cast) {
	s := c.u.server
	s.After = func(time.Duration) <-chan time.Time {
		now := make(chan time.Time)
		close(now)
		return now
	}
	s.Restart()
	closeIdle()
}

// words are what the server knows of the cast.
func (c *cast) words() []string {
	return []string{
		c.u.email, c.stranger.email, c.u.account.String(), c.stranger.account.String(), c.u.vault.String(), c.stranger.vault.String(), c.u.first.id.String(), c.revoked.id.String(),
		c.pending.id.String(), c.newcomer.pairing.String(), thePart.String(), "0", "1", "linux",
	}
}

// ask sends one request and judges the answer. It tells whether the server did what was asked.
func (m *maker) ask(t *testing.T, c *cast, op *schemaOperation) bool {
	t.Helper()
	caller := callers[m.IntN(len(callers))]
	if m.IntN(2) == 0 {
		caller = callers[pick(m, 8, 9, 12, 13)] // whose key opens something
	}
	as := caller.of(c)
	if m.IntN(2) == 0 {
		caller.name, caller.as, as = "a listed device, signed in", (*device).inSession, c.u.first
	}
	method, to := m.target(op)
	var body any
	if _, has := op.RequestBody.Content["application/json"]; has {
		body = m.body(op.RequestBody.Content["application/json"].Schema, c.body(op.route, as))
	} else if len(op.RequestBody.Content) > 0 {
		body = m.bytes(pick(m, 0, 1, 100, 70_000))
	}
	if m.IntN(3) > 0 {
		to = fillPath(method, op.route[len(method)+1:], pick(m, c.u.vault, c.newcomer.pairing))
	}
	err := m.exchange(op, caller.as(as, method, to, body))
	if err != nil && !errors.Is(err, errRefused) {
		t.Errorf("%v: %s %.300s as %s: %.2000q", err, method, to, caller.name, body)
	}
	return err == nil
}

// errRefused is an answer that says no, as the description has it.
var errRefused = errors.New("refused")

var patient = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// exchange sends a request and compares its answer with the description.
func (m *maker) exchange(op *schemaOperation, req *http.Request) error {
	resp, err := patient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode >= 500 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%d %s", resp.StatusCode, text)
	}
	said, listed := op.Responses[fmt.Sprint(resp.StatusCode)]
	refused := !listed
	if refused {
		if resp.StatusCode == http.StatusRequestHeaderFieldsTooLarge {
			return errRefused // net/http's own: the address is longer than all headers may be
		}
		if resp.StatusCode < 400 {
			return fmt.Errorf("status %d is not in the description", resp.StatusCode)
		}
		said = op.Responses["default"]
	}
	if kind == "text/event-stream" {
		return nil
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	want, has := said.Content[kind]
	switch {
	case len(said.Content) == 0 && len(data) == 0:
		return nil
	case !has:
		return fmt.Errorf("%d with %q: %.200q", resp.StatusCode, kind, data)
	case kind == "application/json":
		numbers := json.NewDecoder(bytes.NewReader(data))
		numbers.UseNumber()
		var v any
		if err := numbers.Decode(&v); err != nil {
			return err
		}
		if err := m.d.check(want.Schema, v, "answer"); err != nil {
			return fmt.Errorf("%d: %w", resp.StatusCode, err)
		}
	}
	if refused {
		return errRefused
	}
	return nil
}
