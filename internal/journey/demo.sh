#!/bin/sh
# With a display: the server in the background, the app in front, on a demo profile that a second run goes on with.
# usage: demo.sh BIN FRESH      (FRESH non-empty starts over)
set -eu
bin=$1
home=$PWD/.coffer
[ -z "${2:-}" ] || rm -rf "$home"
mkdir -p "$home/pc"

# The port is kept: it is part of the origin that accounts belong to.
port=$(cat "$home/port" 2>/dev/null || true)
: >"$home/cloud.log" # now: neither a missing one nor an old one may be read below
"$bin/coffer-cloud" serve --dev --data "$home/cloud" --listen "127.0.0.1:${port:-0}" >>"$home/cloud.log" 2>&1 &
cloud=$!
tail -n +1 -f "$home/cloud.log" &
tail=$!
trap 'kill $cloud $tail 2>/dev/null; wait $cloud $tail 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

api=
while [ -z "$api" ]; do
	kill -0 $cloud 2>/dev/null || { echo "the server did not start; see $home/cloud.log" >&2; exit 1; }
	api=$(sed -n 's/^ready .*api=\([^ ]*\).*/\1/p' "$home/cloud.log")
	sleep 0.1
done
echo "${api##*:}" >"$home/port"
echo "Mails, with the codes, are printed here. Close the window or press Ctrl-C to stop."
COFFER_HOME=$home/pc "$bin/coffer" --server "$api"
