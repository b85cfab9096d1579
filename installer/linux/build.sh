#!/bin/sh
# Builds Coffer for Linux, for the processor of this machine, and packs it with package.sh.
#
#   installer/linux/build.sh VERSION FOLDER
#
# VERSION has three parts. FOLDER gets coffer, cofferctl, coffer_VERSION_ARCH.deb and coffer-VERSION-linux-ARCH.tar.gz. A release also
# sets
#
#   COFFER_CHANNEL  stable or beta
#   COFFER_DOMAIN   base domain of the servers
#   COFFER_ROOT     path of the root.json that updates are verified with
set -eu
version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

info=github.com/coffer-vault/coffer/internal/buildinfo
stamp="-s -w -X $info.Version=$version -X $info.Commit=$(git rev-parse HEAD 2>/dev/null || true)"
[ -z "${COFFER_CHANNEL:-}" ] || stamp="$stamp -X $info.Channel=$COFFER_CHANNEL"
[ -z "${COFFER_DOMAIN:-}" ] || stamp="$stamp -X $info.Domain=$COFFER_DOMAIN"

# The root is laid over the sources and not copied into them.
tags=x11 overlay='{}'
if [ -n "${COFFER_ROOT:-}" ]; then
	tags=x11,release
	overlay="{\"Replace\": {\"$PWD/updater/trust/root.json\": \"$(realpath "$COFFER_ROOT")\"}}"
fi
echo "$overlay" >"$scratch/overlay.json"

CC=clang-14 CXX=clang++-14 CGO_ENABLED=1 GOFLAGS=-buildvcs=false \
	go build -trimpath -tags "$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp" -o "$out/" ./app/cmd/coffer ./app/cmd/cofferctl

"$here/package.sh" "$version" "$out"
