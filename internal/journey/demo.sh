#!/bin/sh
# With a display: the server in the background, the app in front, on a demo profile that a second run goes on with.
# usage: demo.sh BIN FRESH      (FRESH non-empty starts over)
set -eu
bin=$1
home=$PWD/.coffer
[ -z "${2:-}" ] || rm -rf "$home"
mkdir -p "$home/pc"

# Before anything is started, so that nothing is left whenever the signal comes. A second Ctrl-C reaches the programs themselves.
end() {
	trap '' INT TERM HUP
	kill $started ${!:-} 2>/dev/null || true # $! is what was started last: it may not be in the list yet
	wait
}
started=
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The port is kept: it is part of the origin that accounts belong to.
port=$(cat "$home/port" 2>/dev/null || true)
: >"$home/cloud.log" # now: neither a missing one nor an old one may be read below
"$bin/coffer-cloud" serve --dev --data "$home/cloud" --listen "127.0.0.1:${port:-0}" >>"$home/cloud.log" 2>&1 &
cloud=$!
started=$cloud
tail -n +1 -f "$home/cloud.log" &
started="$started $!"

api=
while [ -z "$api" ]; do
	kill -0 $cloud 2>/dev/null || { echo "the server did not start; see $home/cloud.log" >&2; exit 1; }
	api=$(sed -n 's/^ready .*api=\([^ ]*\).*/\1/p' "$home/cloud.log")
	sleep 0.1
done
echo "${api##*:}" >"$home/port"
echo "Mails, with the codes, are printed here. Close the window or press Ctrl-C to stop."
# Waited for, not in front: a shell hears no signal while a program in front of it runs.
COFFER_HOME=$home/pc "$bin/coffer" --server "$api" &
wait $!
