// Package vault is the domain of the password vault: items and folders, their history, how versions of them merge, and the unlocked
// vault over a local store.
//
//	Item ──encode──▶ canonical CBOR ──crypto/keys──▶ envelope ──Store──▶ disk
//	  ▲                                                  │
//	  └──────────────── opened on demand ◀───────────────┘
//
// What a reviewer can check:
//
//   - The Store sees sealed values only; passwords are in memory only while an Item is.
//   - Nothing that was typed is lost: Merge keeps both sides of a conflict, Save merges with what changed since the item was read,
//     a row that does not open is kept, and a save that returned is on disk.
//   - Device clocks inform people and decide nothing.
//   - Nothing here knows of a server: package sync/engine drives the methods in pull.go and push.go.
package vault
