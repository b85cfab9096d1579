//go:build linux

package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// meter is a network that counts what it carries, both ways, headers and all.
type meter struct {
	http.Transport
	bytes, requests atomic.Int64
}

func newMeter(b *testing.B) *meter {
	m := new(meter)
	m.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return metered{conn, &m.bytes}, err
	}
	b.Cleanup(m.CloseIdleConnections)
	return m
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	m.requests.Add(1)
	return m.Transport.RoundTrip(r)
}

type metered struct {
	net.Conn
	bytes *atomic.Int64
}

func (c metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c metered) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// BenchmarkDelta carries one changed password to a computer that has the rest already, and from one, for vaults of growing size: bytes
// on the wire with headers, requests, and time.
func BenchmarkDelta(b *testing.B) {
	for _, items := range []int{1_000, 10_000, 100_000, 250_000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			server := testkit.Cloud(b)
			driven := func(m *meter) func(*session.Config) {
				return func(c *session.Config) { c.Transport, c.After, c.Driven = m, never, true }
			}
			up, down := newMeter(b), newMeter(b)
			writer := testpc.New(b, "PC A", driven(up)).SignUp(b, server, anna)
			if _, err := writer.Vault().Batch(b.Context(), logins(items), nil, nil); err != nil {
				b.Fatal(err)
			}
			testpc.Sync(b, writer)
			reader := testpc.New(b, "PC B", driven(down)).SignIn(b, server, anna, writer.SecretKey())
			all, n := writer.Vault().Query(vault.Filter{}), 0
			change := func() { // another one each time, since an item grows with its history
				it := testpc.Get(b, writer, all[n%len(all)].ID)
				n++
				it.Set("password", testpc.Typed(fmt.Sprint("password ", n)))
				testpc.Save(b, writer, it)
			}
			b.Run("to", func(b *testing.B) {
				meterSync(b, down, func() { change(); testpc.Sync(b, writer) }, func() { testpc.Sync(b, reader) })
			})
			b.Run("from", func(b *testing.B) { meterSync(b, up, change, func() { testpc.Sync(b, writer) }) })
			b.Run("nothing", func(b *testing.B) { meterSync(b, up, func() {}, func() { testpc.Sync(b, writer) }) })
		})
	}
}

// meterSync is measure with what a meter counts.
func meterSync(b *testing.B, m *meter, prepare, work func()) {
	var bytes, requests int64
	measure(b, prepare, func() {
		bytes, requests = bytes-m.bytes.Load(), requests-m.requests.Load()
		work()
		bytes, requests = bytes+m.bytes.Load(), requests+m.requests.Load()
	})
	b.ReportMetric(float64(bytes)/float64(b.N), "wire-B/op")
	b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
}
