package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Environment is the machine as the sources see it. Tests give them a Windows or a Mac on any machine.
type Environment struct {
	OS     string                               // as runtime.GOOS: "windows", "darwin", "linux"
	Home   string                               // the user's home folder
	Getenv func(string) string                  // environment variables
	Files  Files                                // the file system
	Keys   KeyStore                             // the operating system's key store
	Wait   func(time.Duration) <-chan time.Time // a clock: time.After
}

// Files reads a machine's files. Names are absolute, with slashes also on Windows ("C:/Users/a/x").
type Files interface {
	Open(name string) (fs.File, error)
	ReadDir(name string) ([]fs.DirEntry, error)
}

// KeyStore opens what an operating system keeps for its user. Each system has one of these methods; the others return ErrNoKey.
// The secrets belong to the caller.
type KeyStore interface {
	// SecretService returns the secret of the item that has all these attributes (Linux).
	// Errors: ErrNoKey if there is no such item, the service is missing, or the user refused.
	SecretService(ctx context.Context, attributes map[string]string) (secret.Bytes, error)
	// UnprotectData undoes CryptProtectData for the current user (Windows).
	UnprotectData(blob []byte) (secret.Bytes, error)
	// Keychain returns a generic password (macOS). The system asks the user first.
	Keychain(ctx context.Context, service, account string) (secret.Bytes, error)
}

// ErrNoKey is returned by a KeyStore that does not have, or may not give, what it was asked for.
var ErrNoKey = errors.New("the system's key store does not give the key")

// NewEnvironment is the machine this program runs on.
func NewEnvironment(keys KeyStore) (Environment, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Environment{}, fmt.Errorf("find home folder: %w", err)
	}
	return Environment{OS: runtime.GOOS, Home: filepath.ToSlash(home), Getenv: os.Getenv, Files: osFiles{}, Keys: keys, Wait: time.After}, nil
}

type osFiles struct{}

func (osFiles) Open(name string) (fs.File, error) { return os.Open(filepath.FromSlash(name)) }
func (osFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	return os.ReadDir(filepath.FromSlash(name))
}

// Folder returns the value of an environment variable that names a folder, with slashes, or fallback below the home folder.
func (e Environment) Folder(variable, fallback string) string {
	folder := e.Getenv(variable)
	if folder == "" {
		return Join(e.Home, fallback)
	}
	if e.OS == "windows" {
		folder = strings.ReplaceAll(folder, `\`, "/")
	}
	return strings.TrimRight(folder, "/")
}

// Join appends names to a folder. Unlike path.Join it leaves the folder as it is: "//server/share" must not lose a slash.
func Join(folder string, names ...string) string {
	return folder + "/" + strings.Join(names, "/")
}

// ReadFile reads a file of at most limit bytes. Errors: ErrTooLarge, the file system's.
func (e Environment) ReadFile(name string, limit int64) ([]byte, error) {
	file, err := e.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}

// Exists reports whether a regular file of that name can be opened.
func (e Environment) Exists(name string) bool {
	file, err := e.Files.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	return err == nil && info.Mode().IsRegular()
}
