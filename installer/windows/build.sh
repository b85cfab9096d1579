#!/bin/sh
# Builds Coffer for Windows on Debian with clang and mingw: the programs, then their package with package.sh.
#
#   installer/windows/build.sh VERSION FOLDER
#
# VERSION has three parts. FOLDER gets Coffer.exe, cofferctl.exe, CofferUpdater.exe, CofferHealth.exe, coffer-VERSION.msi
# and coffer-setup-VERSION.exe. What a release sets beside these is in installer/setup/release.sh.
set -eu
# shellcheck source=installer/setup/release.sh disable=SC2154
. "$(dirname "$0")/../setup/release.sh"
mingw=x86_64-w64-mingw32

# Without -extld the linker of the host would be used.
program() { # PACKAGE FILE DESCRIPTION LDFLAGS
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 GOFLAGS=-buildvcs=false \
		CC="clang-14 --target=x86_64-w64-windows-gnu" CXX="clang++-14 --target=x86_64-w64-windows-gnu" \
		go build -trimpath -tags "$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp -extld=$mingw-gcc $4" -o "$out/$2" "$1"
	sed "s/@FILE@/$2/; s/@DESCRIPTION@/$3/; s/@VERSION@/$version/" "$here/resources.json" >"$scratch/resources.json"
	go tool go-winres patch --no-backup --in "$scratch/resources.json" \
		--product-version "$version.0" --file-version "$version.0" "$out/$2"
}

go run ./installer/icon assets/appicon "$scratch/coffer.ico"
program ./app/cmd/coffer Coffer.exe "Coffer" "-H=windowsgui $forget"
program ./app/cmd/cofferctl cofferctl.exe "Coffer on the command line" "$forget"
program ./updater/cmd/coffer-updater CofferUpdater.exe "Coffer Updater" ""
program ./app/cmd/cofferhealth CofferHealth.exe "Coffer Health" ""

"$here/package.sh" "$version" "$out"
