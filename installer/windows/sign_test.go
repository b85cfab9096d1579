//go:build system

package windows

import (
	"bytes"
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
	authority := signer(t, keys)
	t.Setenv("COFFER_SIGN_CERTS", filepath.Join(keys, "certs.pem"))
	t.Setenv("COFFER_SIGN_KEY", filepath.Join(keys, "key.pem"))
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

// signer makes an authority, and certs.pem and key.pem of somebody who may sign programs. It returns the authority's file.
func signer(t *testing.T, folder string) (authority string) {
	t.Helper()
	top, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	from, to := time.Now().Add(-time.Hour), time.Now().AddDate(0, 1, 0)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the test"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Coffer of the test"}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &top.PublicKey, top)
	must(t, err)
	authority = write("ca.pem", "CERTIFICATE", der)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	der, err = x509.CreateCertificate(rand.Reader, leaf, parsed, &own.PublicKey, top)
	must(t, err)
	write("certs.pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(own)
	must(t, err)
	write("key.pem", "PRIVATE KEY", der)
	return authority
}
