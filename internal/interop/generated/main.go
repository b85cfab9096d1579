// Command generated is a client whose requests and answers are a generator's work: it knows of the API what docs/openapi.json says. Keys,
// entries of the log and signatures, which no generator can make, are those of the project.
//
// It makes an account at the server that is its argument, asks for what every client asks for, and reads the mailed code from its input.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/interop/generated/api"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

const email = "generated@example.org"

func main() {
	if err := run(context.Background(), os.Args[1], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// caller signs what the generated client sends.
type caller struct {
	origin          string
	account, device id.ID
	key             signing.PrivateKey
	token           []byte
}

func run(ctx context.Context, origin string, codes io.Reader) error {
	client, err := api.NewClientWithResponses(origin)
	if err != nil {
		return err
	}
	device := enrol.NewDevice("Generated", "linux")
	made, err := enrol.Create(ctx, secret.FromString("correct horse battery staple"), kdf.P1, device, time.Now())
	if err != nil {
		return err
	}
	c := &caller{origin: origin, account: made.Account.ID, device: device.ID, key: device.Key}
	if err := c.signUp(ctx, client, made.Finish(device), codes); err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	if err := c.read(ctx, client, made); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return c.mistake(ctx, client)
}

func (c *caller) signUp(ctx context.Context, client *api.ClientWithResponses, finish wire.SignupFinish, codes io.Reader) error {
	started, err := client.SignupStartWithResponse(ctx, api.SignupStartJSONRequestBody{Email: email})
	if err := fails(started, err, started != nil && started.JSON200 != nil); err != nil {
		return err
	}
	code, err := bufio.NewReader(codes).ReadString('\n')
	if err != nil {
		return err
	}
	verified, err := client.SignupVerifyWithResponse(ctx, api.SignupVerifyJSONRequestBody{SignupId: started.JSON200.SignupId, Code: strings.TrimSpace(code)})
	if err := fails(verified, err, verified != nil && verified.JSON200 != nil); err != nil {
		return err
	}
	var body api.SignupFinishJSONRequestBody
	finish.Token = verified.JSON200.Token
	if err := convert(finish, &body); err != nil {
		return err
	}
	finished, err := client.SignupFinishWithResponse(ctx, body, c.sign)
	if err := fails(finished, err, finished != nil && finished.JSON200 != nil); err != nil {
		return err
	}
	c.token = finished.JSON200.Session.AccessToken
	return nil
}

func (c *caller) read(ctx context.Context, client *api.ClientWithResponses, made *enrol.New) error {
	me, err := client.MeWithResponse(ctx, c.sign)
	if err := fails(me, err, me != nil && me.JSON200 != nil); err != nil {
		return err
	}
	if me.JSON200.Email != email || len(*me.JSON200.Devices) != 1 {
		return fmt.Errorf("the account is %+v", me.JSON200)
	}
	vaults, err := client.VaultsWithResponse(ctx, c.sign)
	if err := fails(vaults, err, vaults != nil && vaults.JSON200 != nil); err != nil {
		return err
	}
	log, err := client.AccountLogWithResponse(ctx, &api.AccountLogParams{}, c.sign)
	if err := fails(log, err, log != nil && log.JSON200 != nil); err != nil {
		return err
	}
	if n := len(*log.JSON200.Entries); n != 4 {
		return fmt.Errorf("a new account has %d entries", n)
	}
	vault := made.Account.Vault.ID.String()
	changes, err := client.VaultChangesWithResponse(ctx, vault, &api.VaultChangesParams{}, c.sign)
	return fails(changes, err, changes != nil && changes.JSON200 != nil)
}

// mistake has an error read as the document describes it.
func (c *caller) mistake(ctx context.Context, client *api.ClientWithResponses) error {
	c.token = nil
	me, err := client.MeWithResponse(ctx, c.sign)
	if err != nil {
		return err
	}
	if me.JSONDefault == nil || string(me.JSONDefault.Code) != string(wire.CodeSessionEnded) {
		return fmt.Errorf("a request without a token: %d %s", me.StatusCode(), me.Body)
	}
	return nil
}

// sign is an editor of requests, as the generated client calls it.
func (c *caller) sign(_ context.Context, r *http.Request) error {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	p := proof.Request{
		Origin: c.origin, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Body: body, Token: c.token, Account: c.account, Device: c.device, Time: time.Now().UnixMilli(),
	}
	rand.Read(p.Nonce[:])
	if len(c.token) > 0 {
		r.Header.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(c.token))
	}
	r.Header.Set(wire.HeaderAccount, c.account.String())
	r.Header.Set(wire.HeaderDevice, c.device.String())
	r.Header.Set(wire.HeaderTime, strconv.FormatInt(p.Time, 10))
	r.Header.Set(wire.HeaderNonce, hex.EncodeToString(p.Nonce[:]))
	r.Header.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(c.key.Sign(signing.Request, p.Message())))
	return nil
}

// answer is what all generated answers have.
type answer interface {
	StatusCode() int
	GetJSONDefault() *api.Error
}

func fails(a answer, err error, decoded bool) error {
	if err != nil || decoded {
		return err
	}
	if e := a.GetJSONDefault(); e != nil {
		return fmt.Errorf("status %d: %s, %s", a.StatusCode(), e.Code, e.Message)
	}
	return fmt.Errorf("status %d, without the body that the document promises", a.StatusCode())
}

// convert makes the generated type of ours, by way of the JSON that both stand for.
func convert(from, into any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	return strict.Decode(into)
}
