#!/bin/sh
# Lays the programs out as they lie on a Mac. It takes no tool of Apple's, so the layout is tested elsewhere, too.
#
#   installer/macos/bundle.sh VERSION PROGRAMS ROOT
#
# PROGRAMS has coffer, cofferctl, coffer-updater and cofferhealth. ROOT gets what belongs below /.
set -eu
umask 022
version=$1
programs=$(cd "$2" && pwd)
mkdir -p "$3"
root=$(cd "$3" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
id=io.github.coffer-vault.coffer

contents=$root/Applications/Coffer.app/Contents
mkdir -p "$contents/MacOS" "$contents/Resources" "$root/Library/LaunchDaemons" "$root/Library/PrivilegedHelperTools"

sed "s/@VERSION@/$version/" "$here/Info.plist" >"$contents/Info.plist"
printf 'APPL????' >"$contents/PkgInfo"
install -m 755 "$programs/coffer" "$programs/cofferctl" "$contents/MacOS/"
go run ./installer/icon assets/appicon "$contents/Resources/coffer.icns"
install -m 644 LICENSE docs/third-party.md "$contents/Resources/"
install -m 755 "$here/uninstall.sh" "$contents/Resources/"

install -m 755 "$programs/coffer-updater" "$root/Library/PrivilegedHelperTools/$id.updater"
install -m 755 "$programs/cofferhealth" "$root/Library/PrivilegedHelperTools/$id.health"
install -m 644 "$here/$id.updater.plist" "$here/$id.health.plist" "$root/Library/LaunchDaemons/"
