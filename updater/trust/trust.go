// Package trust holds the root of trust of updates: the root.json that a program believes on its very first run.
//
// No production root and no private key is in the repository. A release is built with `-tags release` after its root.json was
// copied into this folder, and does not compile without it. A development build has none: COFFER_UPDATE_ROOT names a file, and
// without it there are no updates; COFFER_UPDATE_MIRRORS may name other hosts.
package trust

import "errors"

// ErrNoRoot means that this program cannot check updates, since it trusts nobody.
var ErrNoRoot = errors.New("no update root: this is a development build, and COFFER_UPDATE_ROOT names no root.json")
