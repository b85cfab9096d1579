//go:build system

package windows

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestSigned packs with an authority of the test: every program and package is signed, and each is inside the next as it was signed. What
// is changed by one byte is not what was signed.
func TestSigned(t *testing.T) {
	folder, keys := t.TempDir(), t.TempDir()
	names := []string{"Coffer.exe", "cofferctl.exe", "CofferUpdater.exe", "CofferHealth.exe"}
	for _, name := range names {
		program, err := os.ReadFile(filepath.Join(standIns(t), name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, name), program, 0o755))
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	authority := certify(t, keys, &own.PublicKey)
	der, err := x509.MarshalPKCS8PrivateKey(own)
	must(t, err)
	t.Setenv("COFFER_SIGN_CERTS", filepath.Join(keys, "certs.pem"))
	t.Setenv("COFFER_SIGN_KEY", writePEM(t, filepath.Join(keys, "key.pem"), "PRIVATE KEY", der))
	msi := pack(t, folder, version)
	setup := filepath.Join(folder, "coffer-setup-"+version+".exe")
	for _, path := range append(names, filepath.Base(msi), filepath.Base(setup)) {
		path = filepath.Join(folder, path)
		if err := verifySignature(t, authority, path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	inMSI := t.TempDir()
	script(t, "msiextract", "-C", inMSI, msi)
	for _, name := range names {
		packed, err := filepath.Glob(filepath.Join(inMSI, "*", "*", name))
		more, _ := filepath.Glob(filepath.Join(inMSI, "*", name))
		if packed = append(packed, more...); err != nil || len(packed) != 1 {
			t.Fatalf("%s in the package: %v, %v", name, packed, err)
		}
		if want, got := read(t, filepath.Join(folder, name)), read(t, packed[0]); !bytes.Equal(got, want) {
			t.Errorf("%s is packed as it was before it was signed", name)
		}
	}
	if !bytes.Contains(read(t, setup), read(t, msi)) {
		t.Error("the setup program carries another package")
	}
	for _, path := range []string{filepath.Join(folder, "Coffer.exe"), msi, setup} {
		changed := read(t, path)
		changed[len(changed)/2] ^= 1
		must(t, os.WriteFile(path, changed, 0o755))
		if verifySignature(t, authority, path) == nil {
			t.Errorf("%s was changed, and its signature holds", path)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return content
}

func verifySignature(t *testing.T, authority, path string) error {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), "osslsigncode", "verify", "-CAfile", authority, "-in", path).CombinedOutput()
	if err != nil {
		t.Logf("%s", said)
	}
	return err
}

// certify makes an authority, and certs.pem for somebody with a key who may sign programs. It returns the authority's file.
func certify(t *testing.T, folder string, own crypto.PublicKey) (authority string) {
	t.Helper()
	top, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	from, to := time.Now().Add(-time.Hour), time.Now().AddDate(0, 1, 0)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the test"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Coffer of the test"}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &top.PublicKey, top)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	authority = writePEM(t, filepath.Join(folder, "ca.pem"), "CERTIFICATE", der)
	der, err = x509.CreateCertificate(rand.Reader, leaf, parsed, own, top)
	must(t, err)
	writePEM(t, filepath.Join(folder, "certs.pem"), "CERTIFICATE", der)
	return authority
}

func writePEM(t *testing.T, path, kind string, der []byte) string {
	t.Helper()
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

// TestSignedByToken signs with a key that was made in a token and cannot leave it. Where the token refuses, what was to be signed stays as
// it was.
func TestSignedByToken(t *testing.T) {
	keys := t.TempDir()
	authority := certify(t, keys, tokenKey(t))
	program := filepath.Join(t.TempDir(), "a.exe")
	buildFor(t, program, "./testdata/driver")
	unsigned := read(t, program)
	must(t, os.WriteFile(filepath.Join(keys, "pin"), []byte("1234\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(keys, "wrong"), []byte("4321\n"), 0o600))
	t.Setenv("COFFER_SIGN_CERTS", filepath.Join(keys, "certs.pem"))
	t.Setenv("COFFER_SIGN_MODULE", softHSM)
	for _, refused := range [][2]string{{"signer", "wrong"}, {"nobody", "pin"}} {
		t.Setenv("COFFER_SIGN_KEY", "pkcs11:token=coffer;object="+refused[0]+";type=private")
		t.Setenv("COFFER_SIGN_PASS", filepath.Join(keys, refused[1]))
		said, err := exec.CommandContext(t.Context(), "./sign.sh", program).CombinedOutput()
		if err == nil || !bytes.Equal(read(t, program), unsigned) {
			t.Errorf("key %s, PIN %s: %v", refused[0], refused[1], err)
		}
		if bytes.Contains(said, []byte("4321")) {
			t.Errorf("tells the PIN: %s", said)
		}
	}
	t.Setenv("COFFER_SIGN_KEY", "pkcs11:token=coffer;object=signer;type=private")
	script(t, "./sign.sh", program)
	if err := verifySignature(t, authority, program); err != nil {
		t.Error(err)
	}
}

// tokenKey makes a token, in software, with a key in it that never leaves it.
func tokenKey(t *testing.T) crypto.PublicKey {
	t.Helper()
	dir := t.TempDir()
	settings, public := filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "public.der")
	must(t, os.WriteFile(settings, []byte("directories.tokendir = "+dir+"\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", settings)
	script(t, "softhsm2-util", "--init-token", "--free", "--label", "coffer", "--so-pin", "87654321", "--pin", "1234")
	tool := func(args ...string) {
		t.Helper()
		script(t, "pkcs11-tool", append([]string{"--module", softHSM, "--token-label", "coffer", "--login", "--pin", "1234", "--label", "signer"}, args...)...)
	}
	tool("--keypairgen", "--key-type", "EC:prime256v1", "--id", "01")
	tool("--read-object", "--type", "pubkey", "-o", public)
	said, err := exec.CommandContext(t.Context(), "pkcs11-tool", "--module", softHSM, "--token-label", "coffer", "--login", "--pin", "1234",
		"--list-objects", "--type", "privkey").CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("never extractable")) {
		t.Fatalf("the key can leave the token: %v: %s", err, said)
	}
	key, err := x509.ParsePKIXPublicKey(read(t, public))
	must(t, err)
	return key
}
