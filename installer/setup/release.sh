# shellcheck shell=sh disable=SC2034 # what it sets is for its caller
# What the build.sh of each system begins with; sourced, with VERSION and FOLDER as that was called. It sets version, out (FOLDER, which it
# makes), here (the caller's folder) and scratch, which goes away, and goes to the project's folder. For go build it sets stamp and, for what
# opens a vault, forget, for -ldflags, and tags, and writes $scratch/overlay.json, for -overlay. A release sets
#
#   COFFER_CHANNEL  stable or beta
#   COFFER_DOMAIN   base domain of the servers
#   COFFER_ROOT     path of the root.json that updates are verified with
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

# Go overwrites what it frees (docs/adr/0033-go-overwrites-what-it-frees.md).
forget="-X runtime.godebugDefault=clobberfree=1,asyncpreemptoff=1"

# The root is laid over the sources and not copied into them.
tags='' overlay='{}'
if [ -n "${COFFER_ROOT:-}" ]; then
	tags=release
	overlay="{\"Replace\": {\"$PWD/updater/trust/root.json\": \"$(realpath "$COFFER_ROOT")\"}}"
fi
echo "$overlay" >"$scratch/overlay.json"
