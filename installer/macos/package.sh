#!/bin/sh
# Signs what bundle.sh laid out, packs it for the installer of macOS and has Apple notarize the package. On a Mac with Xcode's tools.
#
#   installer/macos/package.sh VERSION ROOT FILE.pkg
#
# Who signs is in the environment. Nothing of it is a secret but the file COFFER_NOTARY_KEY and the keys in the keychain:
#
#   COFFER_SIGN_APP       identity in the keychain, "Developer ID Application: …"; without it, a signature of nobody's
#   COFFER_SIGN_PKG       identity in the keychain, "Developer ID Installer: …"; without it the package is not signed
#   COFFER_NOTARY_KEY     path of a key of App Store Connect, .p8, and its COFFER_NOTARY_KEY_ID and COFFER_NOTARY_ISSUER
set -eu
version=$1
root=$(cd "$2" && pwd)
out=$3
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
id=io.github.coffer-vault.coffer
application=$root/Applications/Coffer.app

# A signature without a time of Apple's ends with its certificate, and one of nobody's cannot have it.
timestamp=--timestamp
[ -n "${COFFER_SIGN_APP:-}" ] || timestamp=--timestamp=none

sign() { # IDENTIFIER FILE
	codesign --force --options runtime "$timestamp" --entitlements "$here/coffer.entitlements" \
		--sign "${COFFER_SIGN_APP:--}" --identifier "$1" "$2"
	codesign --verify --strict --verbose=2 "$2"
}

# From the inside out: the seal of the application covers the programs in it.
sign "$id.updater" "$root/Library/PrivilegedHelperTools/$id.updater"
sign "$id.health" "$root/Library/PrivilegedHelperTools/$id.health"
sign "$id.ctl" "$application/Contents/MacOS/cofferctl"
sign "$id" "$application"

sed "s/@VERSION@/$version/" "$here/distribution.xml" >"$scratch/distribution.xml"
mkdir "$scratch/scripts"
sed "s/@VERSION@/$version/" "$here/scripts/preinstall" >"$scratch/scripts/preinstall"
cp "$here/scripts/postinstall" "$scratch/scripts/"
chmod 755 "$scratch/scripts/"*
pkgbuild --root "$root" --component-plist "$here/components.plist" --scripts "$scratch/scripts" --identifier "$id" --version "$version" \
	--install-location / --ownership recommended "$scratch/component.pkg"
set -- --distribution "$scratch/distribution.xml" --package-path "$scratch"
[ -z "${COFFER_SIGN_PKG:-}" ] || set -- "$@" --sign "$COFFER_SIGN_PKG" --timestamp
productbuild "$@" "$out"

if [ -n "${COFFER_NOTARY_KEY:-}" ]; then
	xcrun notarytool submit "$out" --wait --key "$COFFER_NOTARY_KEY" --key-id "$COFFER_NOTARY_KEY_ID" --issuer "$COFFER_NOTARY_ISSUER"
	# A Mac without network finds Apple's word in the package itself.
	xcrun stapler staple "$out"
	spctl --assess --type install --verbose=2 "$out"
fi
