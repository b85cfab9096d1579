#!/bin/sh
# Builds Coffer for Macs with either processor, and packs it with package.sh, which says how it is signed. On a Mac with Go and Xcode's
# tools.
#
#   installer/macos/build.sh VERSION FOLDER
#
# VERSION has three parts. FOLDER gets coffer, cofferctl, coffer-updater, cofferhealth and coffer-VERSION.pkg. What a release sets beside these is in
# installer/setup/release.sh.
set -eu
# shellcheck source=installer/setup/release.sh disable=SC2154
. "$(dirname "$0")/../setup/release.sh"
export MACOSX_DEPLOYMENT_TARGET=12.0 # as in Info.plist; Go itself needs as much

compile() { # CGO NAME PACKAGE LDFLAGS
	for arch in arm64 amd64; do
		clang=$arch
		[ "$arch" = arm64 ] || clang=x86_64
		GOOS=darwin GOARCH=$arch CGO_ENABLED=$1 GOFLAGS=-buildvcs=false CC="clang -arch $clang" CXX="clang++ -arch $clang" \
			go build -trimpath -tags "$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp $4" -o "$scratch/$arch/$2" "$3"
	done
	lipo -create -output "$out/$2" "$scratch/arm64/$2" "$scratch/amd64/$2"
}

compile 1 coffer ./app/cmd/coffer "$forget"
compile 1 cofferctl ./app/cmd/cofferctl "$forget"
compile 0 coffer-updater ./updater/cmd/coffer-updater "" # nothing of C runs as root
compile 0 cofferhealth ./app/cmd/cofferhealth ""

"$here/bundle.sh" "$version" "$out" "$scratch/root"
"$here/package.sh" "$version" "$scratch/root" "$out/coffer-$version.pkg"
