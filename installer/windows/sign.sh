#!/bin/sh
# Signs programs or packages for Windows, each in its place, if the environment says by whom. Trust in updates rests on no such signature:
# Windows, virus scanners and people look at it.
#
#   installer/windows/sign.sh FILE…
#
#   COFFER_SIGN_CERTS   file of the certificates, PEM, the signer's first; without it nothing is signed
#   COFFER_SIGN_KEY     file of its key, PEM; or, with a module, the PKCS #11 URI of a key that stays in its token: pkcs11:token=…;object=…
#   COFFER_SIGN_MODULE  library of the token's maker (PKCS #11), for a key in a token or an HSM; without it the key is a file
#   COFFER_SIGN_PASS    file of the key's passphrase, or of the token's PIN
#   COFFER_SIGN_TIME    URL of a time server (RFC 3161); without it the signatures end with the certificate
set -eu
[ -n "${COFFER_SIGN_CERTS:-}" ] || exit 0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in "$@"; do
	set -- -certs "$COFFER_SIGN_CERTS" -key "$COFFER_SIGN_KEY" -h sha256 -n Coffer
	[ -z "${COFFER_SIGN_MODULE:-}" ] || set -- "$@" -pkcs11module "$COFFER_SIGN_MODULE"
	[ -z "${COFFER_SIGN_PASS:-}" ] || set -- "$@" -readpass "$COFFER_SIGN_PASS"
	[ -z "${COFFER_SIGN_TIME:-}" ] || set -- "$@" -ts "$COFFER_SIGN_TIME"
	osslsigncode sign "$@" -in "$file" -out "$scratch/signed" >"$scratch/said" 2>&1 || { cat "$scratch/said" >&2; exit 1; }
	cp "$scratch/signed" "$file" # into the file that is there, with its rights
	rm "$scratch/signed"
done
