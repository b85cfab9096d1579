package chromium

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/internal/cbc"
)

const (
	prefixSize  = 3 // "v10"
	cbcKeySize  = 16
	gcmKeySize  = 32
	gcmNonce    = 12
	linuxRounds = 1
	macRounds   = 1003
)

// keyring decrypts the values of one profile. Keys are fetched when the first row needs them, since fetching may ask the user.
type keyring struct {
	env        importer.Environment
	browser    browser
	localState string // path of the file

	fetched map[string][]secret.Bytes // keys to try, by scheme; empty if there are none
}

func (k *keyring) wipe() {
	for _, keys := range k.fetched {
		for _, key := range keys {
			key.Wipe()
		}
	}
}

// open decrypts one value. The result is new memory, owned by the caller.
func (k *keyring) open(ctx context.Context, value []byte) ([]byte, importer.Reason) {
	if len(value) == 0 {
		return nil, "" // an empty text is stored as it is
	}
	if k.env.OS == "windows" {
		return k.openWindows(ctx, value)
	}
	scheme := schemeOf(value)
	switch {
	case scheme == "v10" && k.env.OS == "darwin":
		return k.openWith(k.keys(ctx, "v10", k.keychainKey), openCBC, value)
	case scheme == "v10":
		return k.openWith(k.keys(ctx, "v10", publicKey), openCBC, value)
	case scheme == "v11" && k.env.OS == "linux":
		return k.openWith(k.keys(ctx, "v11", k.secretServiceKeys), openCBC, value)
	case scheme == "v12" && k.env.OS == "linux":
		return nil, importer.ReasonPortal
	case utf8.Valid(value):
		return bytes.Clone(value), "" // rows from before encryption have no prefix
	case scheme != "":
		return nil, importer.ReasonNewerScheme
	}
	return nil, importer.ReasonUndecryptable
}

func (k *keyring) openWindows(ctx context.Context, value []byte) ([]byte, importer.Reason) {
	switch scheme := schemeOf(value); scheme {
	case "v10":
		return k.openWith(k.keys(ctx, "v10", k.localStateKey), openGCM, value)
	case "v20":
		return nil, importer.ReasonAppBound
	case "":
		return k.openDPAPI(value)
	}
	return nil, importer.ReasonNewerScheme
}

func (k *keyring) openDPAPI(value []byte) ([]byte, importer.Reason) {
	plain, err := k.env.Keys.UnprotectData(value)
	if err != nil || !utf8.Valid(plain.Reveal()) {
		return nil, importer.ReasonUndecryptable
	}
	return plain.Reveal(), "" // the only reference is handed on
}

// schemeOf returns the prefix "v" and two digits, or nothing.
func schemeOf(value []byte) string {
	if len(value) < prefixSize || value[0] != 'v' || !isDigit(value[1]) || !isDigit(value[2]) {
		return ""
	}
	return string(value[:prefixSize])
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// openWith tries each key. CBC does not authenticate: padding and UTF-8 have to show that the key was right.
func (k *keyring) openWith(keys []secret.Bytes, open func(key, value []byte) []byte, value []byte) ([]byte, importer.Reason) {
	for _, key := range keys {
		if plain := open(key.Reveal(), value[prefixSize:]); plain != nil && utf8.Valid(plain) {
			return plain, ""
		}
	}
	if len(keys) == 0 {
		return nil, importer.ReasonKeyUnavailable
	}
	return nil, importer.ReasonUndecryptable
}

func (k *keyring) keys(ctx context.Context, scheme string, fetch func(context.Context) []secret.Bytes) []secret.Bytes {
	keys, known := k.fetched[scheme]
	if !known {
		keys = fetch(ctx)
		if k.fetched == nil {
			k.fetched = map[string][]secret.Bytes{}
		}
		k.fetched[scheme] = keys
	}
	return keys
}

// publicKey is the key of v10 on Linux, used where there is no key store: it hides nothing.
func publicKey(context.Context) []secret.Bytes {
	return []secret.Bytes{deriveCBC([]byte("peanuts"), linuxRounds)}
}

// secretServiceKeys are the keys that v11 may use. Chromium once encrypted under the empty secret when the service failed.
func (k *keyring) secretServiceKeys(ctx context.Context) (keys []secret.Bytes) {
	for _, application := range k.browser.applications {
		stored, err := k.env.Keys.SecretService(ctx, map[string]string{
			"xdg:schema": "chrome_libsecret_os_crypt_password_v2", "application": application,
		})
		if err == nil {
			keys = append(keys, deriveCBC(stored.Reveal(), linuxRounds))
			stored.Wipe()
		}
	}
	if len(keys) > 0 {
		keys = append(keys, deriveCBC(nil, linuxRounds))
	}
	return keys
}

func (k *keyring) keychainKey(ctx context.Context) []secret.Bytes {
	stored, err := k.env.Keys.Keychain(ctx, k.browser.safeStorage+" Safe Storage", k.browser.safeStorage)
	if err != nil {
		return nil
	}
	defer stored.Wipe()
	return []secret.Bytes{deriveCBC(stored.Reveal(), macRounds)}
}

// localStateKey is the key of v10 on Windows: in "Local State", under DPAPI.
func (k *keyring) localStateKey(context.Context) []secret.Bytes {
	data, err := k.env.ReadFile(k.localState, maxLocalState)
	if err != nil {
		return nil
	}
	state, err := parseLocalState(data)
	wrapped, found := bytes.CutPrefix(state.OSCrypt.EncryptedKey, []byte("DPAPI"))
	if err != nil || !found {
		return nil
	}
	key, err := k.env.Keys.UnprotectData(wrapped)
	if err != nil || key.Len() != gcmKeySize {
		return nil
	}
	return []secret.Bytes{key}
}

func deriveCBC(password []byte, rounds int) secret.Bytes {
	key, err := pbkdf2.Key(sha1.New, string(password), []byte("saltysalt"), rounds, cbcKeySize)
	if err != nil {
		panic(err) // only for a key length out of range
	}
	return secret.New(key)
}

// openCBC decrypts AES-128-CBC with an IV of spaces; nil if the padding is wrong.
func openCBC(key, sealed []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	plain, ok := cbc.Open(block, bytes.Repeat([]byte{' '}, aes.BlockSize), sealed)
	if !ok {
		return nil
	}
	return plain
}

// openGCM decrypts AES-256-GCM: nonce, ciphertext, tag.
func openGCM(key, sealed []byte) []byte {
	if len(sealed) < gcmNonce {
		return nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	plain, err := aead.Open([]byte{}, sealed[:gcmNonce], sealed[gcmNonce:], nil)
	if err != nil {
		return nil
	}
	return plain
}
