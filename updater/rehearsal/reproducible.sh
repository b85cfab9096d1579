#!/bin/sh
# Builds the committed sources twice, in folders of different names and depths, the second time without what any build before has left
# in the cache, and compares the programs, those for Windows and their packages too, byte for byte. Whoever has the sources of a release can so find out whether they made it.
#
#   updater/rehearsal/reproducible.sh VERSION FORGET
#
# FORGET are the flags of what opens a vault, as the Makefile has them.
set -eu
version=$1 forget=$2
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
info=github.com/coffer-vault/coffer/internal/buildinfo
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
stamp="-X $info.Version=$version -X $info.Commit=$(git rev-parse HEAD)"

build() { # FOLDER OUT
	mkdir -p "$1" "$2"
	git archive HEAD | tar -x -C "$1"
	(
		cd "$1"
		go build -ldflags "$stamp $forget" -o "$2/" ./app/cmd/...
		go build -ldflags "$stamp" -o "$2/" ./cloud/cmd/... ./updater/cmd/...
		installer/windows/build.sh "$version" "$2"
	)
}

build "$scratch/one" "$scratch/first"
GOCACHE=$scratch/cache build "$scratch/a/folder of another name/two" "$scratch/second"

same=true
for program in "$scratch"/first/*; do
	name=$(basename "$program")
	if cmp -s "$program" "$scratch/second/$name"; then
		echo "same  $(sha256sum "$program" | cut -c 1-64)  $name"
	else
		echo "OTHER $name" >&2
		same=false
	fi
done
$same
