#!/bin/sh
# Builds Coffer for Linux, for the processor of this machine, and packs it with package.sh.
#
#   installer/linux/build.sh VERSION FOLDER
#
# VERSION has three parts. FOLDER gets coffer, cofferctl, coffer-cloud and cofferhealth, their packages coffer_VERSION_ARCH.deb,
# coffer-cloud_VERSION_ARCH.deb and coffer-health_VERSION_ARCH.deb, and coffer-VERSION-linux-ARCH.tar.gz. What a release sets beside these is in installer/setup/release.sh.
set -eu
# shellcheck source=installer/setup/release.sh disable=SC2154
. "$(dirname "$0")/../setup/release.sh"

program() { # LDFLAGS PACKAGE...
	flags=$1
	shift
	CC=clang-14 CXX=clang++-14 CGO_ENABLED=1 GOFLAGS=-buildvcs=false \
		go build -trimpath -tags "x11,$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp $flags" -o "$out/" "$@"
}

program "$forget" ./app/cmd/coffer ./app/cmd/cofferctl
program "" ./cloud/cmd/coffer-cloud
CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
	go build -trimpath -tags "$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp" -o "$out/" ./app/cmd/cofferhealth

"$here/package.sh" "$version" "$out"
