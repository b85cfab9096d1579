package otp

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

func parse(t *testing.T, text string) Key {
	t.Helper()
	key, err := Parse(secret.FromString(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestVectors are those of RFC 6238 appendix B; its secrets are as long as the hash (erratum 2866).
func TestVectors(t *testing.T) {
	digits := strings.Repeat("1234567890", 7)
	secrets := map[string]string{"SHA1": digits[:20], "SHA256": digits[:32], "SHA512": digits[:64]}
	for _, v := range []struct {
		unix int64
		hash string
		want string
	}{
		{59, "SHA1", "94287082"}, {59, "SHA256", "46119246"}, {59, "SHA512", "90693936"},
		{1111111109, "SHA1", "07081804"}, {1111111109, "SHA256", "68084774"}, {1111111109, "SHA512", "25091201"},
		{1111111111, "SHA1", "14050471"}, {1111111111, "SHA256", "67062674"}, {1111111111, "SHA512", "99943326"},
		{1234567890, "SHA1", "89005924"}, {1234567890, "SHA256", "91819424"}, {1234567890, "SHA512", "93441116"},
		{2000000000, "SHA1", "69279037"}, {2000000000, "SHA256", "90698825"}, {2000000000, "SHA512", "38618901"},
		{20000000000, "SHA1", "65353130"}, {20000000000, "SHA256", "77737706"}, {20000000000, "SHA512", "47863826"},
	} {
		key := parse(t, "otpauth://totp/x?digits=8&algorithm="+v.hash+"&secret="+base32.StdEncoding.EncodeToString([]byte(secrets[v.hash])))
		if got, _ := key.Code(time.Unix(v.unix, 0)); got != v.want {
			t.Errorf("%s at %d: %s, want %s", v.hash, v.unix, got, v.want)
		}
	}
}

// TestSteam has the codes that KeePassXC's own tests expect of a throw-away account of Steam's app.
func TestSteam(t *testing.T) {
	const seed = "63BEDWCQZKTQWPESARIERL5DTTQFCJTK"
	for _, text := range []string{
		"steam://" + seed, "STEAM://63be dwcq zktq wpes arie rl5d ttqf cjtk",
		"otpauth://totp/Valve:test@example.com?secret=" + seed + "&issuer=Valve&encoder=steam", "otpauth://totp/x?encoder=Steam&digits=6&period=60&algorithm=SHA512&secret=" + seed,
		"otpauth://steam/Steam:test?secret=" + seed,
	} {
		key := parse(t, text)
		for at, want := range map[int64]string{1511200518: "FR8RV", 1511200714: "9P3VP"} {
			if got, _ := key.Code(time.Unix(at, 0)); got != want {
				t.Errorf("%s at %d: %s, want %s", text, at, got, want)
			}
		}
	}
	if _, err := Parse(secret.FromString("steam://")); !errors.Is(err, ErrMalformed) {
		t.Errorf("no secret: %v", err)
	}
}

func TestRemaining(t *testing.T) {
	key := parse(t, "JBSWY3DPEHPK3PXP")
	for at, want := range map[time.Time]time.Duration{
		time.Unix(60, 0): 30 * time.Second, time.Unix(89, 0): time.Second, time.UnixMilli(89_500): 500 * time.Millisecond,
	} {
		if _, got := key.Code(at); got != want {
			t.Errorf("%d ms: %s, want %s", at.UnixMilli(), got, want)
		}
	}
}

func TestParse(t *testing.T) {
	want := "Hello!\xde\xad\xbe\xef"
	for _, text := range []string{
		"JBSWY3DPEHPK3PXP", " jbsw y3dp ehpk 3pxp ", "JBSW-Y3DP-EHPK-3PXP======",
		"otpauth://totp/Example:ann@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example", "OTPAUTH://TOTP/x?secret=jbswy3dpehpk3pxp&digits=&period=",
	} {
		key := parse(t, text)
		if string(key.Secret.Reveal()) != want || key.Hash != "SHA1" || key.Digits != 6 || key.Period != 30 {
			t.Errorf("%q gave %+v", text, key)
		}
	}
	key := parse(t, "otpauth://totp/Big%20Bank:%20ann?secret=GE&algorithm=sha-512&digits=8&period=60")
	if key.Issuer != "Big Bank" || key.Account != "ann" || key.Hash != "SHA512" || key.Digits != 8 || key.Period != 60 {
		t.Errorf("%+v", key)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "   ", "not base32!", "01890189", "otpauth://hotp/x?secret=GE&counter=1", "otpauth://totp/x", "otpauth://totp/x?secret=",
		"otpauth://totp/x?secret=GE&digits=5", "otpauth://totp/x?secret=GE&digits=9", "otpauth://totp/x?secret=GE&digits=x",
		"otpauth://totp/x?secret=GE&period=0", "otpauth://totp/x?secret=GE&period=-30", "otpauth://totp/x?secret=GE&period=3601",
		"otpauth://totp/x?secret=GE&algorithm=MD5", "otpauth://totp/%zz?secret=GEZDGNBV", "https://totp/x?secret=GE", strings.Repeat("A", maxText+1),
	} {
		_, err := Parse(secret.FromString(text))
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60q: %v", text, err)
		} else if strings.Contains(err.Error(), "GEZDGNBV") {
			t.Error("the error quotes the secret")
		}
	}
}

func TestCodeOfNoKey(t *testing.T) {
	key := parse(t, "JBSWY3DPEHPK3PXP")
	key.Wipe()
	for _, k := range []Key{{}, key} {
		if code, _ := k.Code(time.Unix(1, 0)); code != "" {
			t.Errorf("code %s", code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("otpauth://totp/Example:ann?secret=JBSWY3DPEHPK3PXP&issuer=Example&algorithm=SHA256&digits=7&period=15")
	f.Add("jbsw y3dp")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := Parse(secret.FromString(text))
		if err != nil {
			return
		}
		code, remaining := key.Code(time.Unix(1_700_000_000, 0))
		if len(code) != key.Digits || remaining <= 0 || remaining > time.Duration(key.Period)*time.Second {
			t.Fatalf("%q: code %q, %s", text, code, remaining)
		}
	})
}
