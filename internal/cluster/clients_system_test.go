//go:build system && linux

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// asClients makes the test binary the process of many clients.
const asClients = "COFFER_CLUSTER_CLIENTS"

const (
	// opening is how many connections are opened at a time.
	opening = 32
	// sources are addresses of loopback that the connections come from.
	sources = 8
)

// beClients has every device listen, says when all of them are heard, and each time when all have had one more event.
func beClients() error {
	var o orders
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	slots := make(chan bool, opening)
	failed := make(chan error, len(o.Listeners))
	var heard sync.WaitGroup
	var events atomic.Int64
	for i, l := range o.Listeners {
		slots <- true
		heard.Add(1)
		s, err := o.session(i, l)
		if err != nil {
			return err
		}
		go func() {
			failed <- s.Events(context.Background(), func() error { <-slots; heard.Done(); return nil }, func(e wire.Event) error {
				if e.Vault != "" && events.Add(1)%int64(len(o.Listeners)) == 0 {
					fmt.Println(time.Now().UnixNano())
				}
				return nil
			})
		}()
		select {
		case err := <-failed:
			return err
		default:
		}
	}
	go func() {
		heard.Wait()
		fmt.Println(time.Now().UnixNano())
	}()
	return <-failed
}

// session is a device's, with a connection of its own.
func (o orders) session(i int, l listener) (*remote.Session, error) {
	client, err := remote.NewClient(o.URL, transport(o.Protocol, o.Trusted, fmt.Sprintf("127.0.0.%d", 2+i%sources)), time.Now)
	if err != nil {
		return nil, err
	}
	tokens := wire.Session{AccessToken: l.Token, AccessExpires: time.Now().Add(time.Hour).UnixMilli()}
	signer := remote.Signer{Account: o.Account, Device: l.Device, Key: signing.FromOwn(l.Seed)}
	return client.Session(signer, tokens, remote.Hooks{Keep: func(wire.Session) error { return nil }}), nil
}
