#!/bin/sh
# Builds Coffer for Linux, for the processor of this machine, and packs it with package.sh.
#
#   installer/linux/build.sh VERSION FOLDER
#
# VERSION has three parts. FOLDER gets coffer, cofferctl and coffer-cloud, coffer_VERSION_ARCH.deb, coffer-cloud_VERSION_ARCH.deb and
# coffer-VERSION-linux-ARCH.tar.gz. What a release sets beside these is in installer/setup/release.sh.
set -eu
version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shellcheck source=installer/setup/release.sh disable=SC2154
. installer/setup/release.sh

CC=clang-14 CXX=clang++-14 CGO_ENABLED=1 GOFLAGS=-buildvcs=false \
	go build -trimpath -tags "x11,$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp" -o "$out/" ./app/cmd/coffer ./app/cmd/cofferctl ./cloud/cmd/coffer-cloud

"$here/package.sh" "$version" "$out"
