# shellcheck shell=sh disable=SC2154,SC2034 # version and scratch are its caller's, who uses tags
# What the programs of every package are built with; sourced by the build.sh of each system, in the project's folder, with version set and
# scratch a folder that goes away. It sets stamp, for -ldflags, and tags, and writes $scratch/overlay.json, for -overlay. A release sets
#
#   COFFER_CHANNEL  stable or beta
#   COFFER_DOMAIN   base domain of the servers
#   COFFER_ROOT     path of the root.json that updates are verified with
info=github.com/coffer-vault/coffer/internal/buildinfo
stamp="-s -w -X $info.Version=$version -X $info.Commit=$(git rev-parse HEAD 2>/dev/null || true)"
[ -z "${COFFER_CHANNEL:-}" ] || stamp="$stamp -X $info.Channel=$COFFER_CHANNEL"
[ -z "${COFFER_DOMAIN:-}" ] || stamp="$stamp -X $info.Domain=$COFFER_DOMAIN"

# The root is laid over the sources and not copied into them.
tags='' overlay='{}'
if [ -n "${COFFER_ROOT:-}" ]; then
	tags=release
	overlay="{\"Replace\": {\"$PWD/updater/trust/root.json\": \"$(realpath "$COFFER_ROOT")\"}}"
fi
echo "$overlay" >"$scratch/overlay.json"
