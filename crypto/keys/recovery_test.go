package keys_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
)

func TestRecoveryCodeText(t *testing.T) {
	form := regexp.MustCompile(`^R1(-[0-9A-HJKMNP-TV-Z]{6}){6}$`)
	for range 100 {
		code := keys.NewRecoveryCode()
		text := code.Text()
		typed := strings.ToLower(strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(text))
		again, err := keys.ParseRecoveryCode("  " + "r1" + typed[2:])
		if err != nil || !again.Equal(code) || !form.MatchString(text) {
			t.Fatalf("%s: %v", text, err)
		}
		raw, err := keys.RecoveryCodeFromBytes(code.Bytes())
		if err != nil || !raw.Equal(code) {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func TestParseRecoveryCodeRefuses(t *testing.T) {
	code := keys.NewRecoveryCode()
	text := code.Text()
	last := text[len(text)-1:]
	other := "0"
	if last == other {
		other = "1"
	}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty":           {"", keys.ErrRecoveryCodeMalformed},
		"a Secret Key":    {keys.NewSecretKey().Text(), keys.ErrRecoveryCodeMalformed},
		"prefix of one":   {"C1" + text[2:], keys.ErrRecoveryCodeMalformed},
		"a digit less":    {text[:len(text)-1], keys.ErrRecoveryCodeMalformed},
		"a digit more":    {text + "0", keys.ErrRecoveryCodeMalformed},
		"letter U":        {text[:len(text)-1] + "U", keys.ErrRecoveryCodeMalformed},
		"very long":       {text + strings.Repeat(" ", 300), keys.ErrRecoveryCodeMalformed},
		"another last":    {text[:len(text)-1] + other, keys.ErrRecoveryCodeChecksum},
		"another's check": {text[:len(text)-4] + wrongCheck(t, text), keys.ErrRecoveryCodeChecksum},
	} {
		got, err := keys.ParseRecoveryCode(test.text)
		if !errors.Is(err, test.want) || !got.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := keys.RecoveryCodeFromBytes(secret.Random(16)); !errors.Is(err, keys.ErrRecoveryCodeMalformed) {
		t.Errorf("16 bytes: %v", err)
	}
}

// wrongCheck is the checksum of another code.
func wrongCheck(t *testing.T, text string) string {
	t.Helper()
	for {
		other := keys.NewRecoveryCode().Text()
		if check := other[len(other)-4:]; check != text[len(text)-4:] {
			return check
		}
	}
}

// What a code gives depends on the account; what a wiped one gives opens and signs nothing.
func TestRecoveryMaster(t *testing.T) {
	code, account := keys.NewRecoveryCode(), id.New()
	here, there := keys.DeriveRecoveryMaster(code, account), keys.DeriveRecoveryMaster(code, id.New())
	if here.KEK().Equal(there.KEK()) || here.LoginKey().Public() == there.LoginKey().Public() {
		t.Error("two accounts, one key")
	}
	here.Wipe()
	if !here.KEK().IsZero() || !here.LoginKey().IsZero() {
		t.Error("a wiped master has keys")
	}
	copied := code
	code.Wipe()
	for _, gone := range []keys.RecoveryCode{code, copied, {}} {
		master := keys.DeriveRecoveryMaster(gone, account)
		if !gone.IsZero() || gone.Text() != "" || keys.RecoveryTag(gone) != [32]byte{} || !master.KEK().IsZero() || !master.LoginKey().IsZero() {
			t.Error("there is something left")
		}
	}
}

func TestRecoveryCodeDoesNotPrint(t *testing.T) {
	code := keys.NewRecoveryCode()
	digits := strings.Split(code.Text(), "-")[2]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if out := fmt.Sprintf(verb, struct{ code keys.RecoveryCode }{code}); strings.Contains(out, digits) {
			t.Errorf("%s: %s", verb, out)
		}
	}
	if code.String() != secret.Redacted {
		t.Error(code.String())
	}
}

func TestDeviceReceiveKey(t *testing.T) {
	device := signing.Generate()
	receive, err := keys.DeviceReceiveKey(device)
	if err != nil {
		t.Fatal(err)
	}
	enc, sealed, err := wrap.Seal(receive.Public(), []byte("info"), []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.DeviceReceiveKey(device)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := again.Open(enc, []byte("info"), sealed); err != nil || string(opened.Reveal()) != "text" {
		t.Errorf("%v", err)
	}
	if _, err := keys.DeviceReceiveKey(signing.PrivateKey{}); !errors.Is(err, wrap.ErrSeed) {
		t.Errorf("a device without a key: %v", err)
	}
}

func TestAccountMasterBytes(t *testing.T) {
	master, err := keys.AccountMasterFromBytes(secret.Random(keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.AccountMasterFromBytes(master.Bytes())
	if err != nil || again.LoginKey().Public() != master.LoginKey().Public() {
		t.Error("another master", err)
	}
	if _, err := keys.AccountMasterFromBytes(secret.Random(16)); err == nil {
		t.Error("16 bytes pass")
	}
}

func FuzzParseRecoveryCode(f *testing.F) {
	f.Add("R1-000000-000000-000000-000000-000000-000000")
	f.Add(keys.NewRecoveryCode().Text())
	f.Fuzz(func(t *testing.T, text string) {
		code, err := keys.ParseRecoveryCode(text)
		if err != nil {
			return
		}
		if again, err := keys.ParseRecoveryCode(code.Text()); err != nil || !again.Equal(code) {
			t.Errorf("%q becomes %s, %v", text, code.Text(), err)
		}
	})
}
