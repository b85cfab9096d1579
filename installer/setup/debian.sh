#!/bin/sh
# Installs what a Debian 12 system, minbase at the least, needs beside Go. Root, or sudo. Quiet, and quick when all is there.
#
#   sh installer/setup/debian.sh test      to build everything and run the tests
#   sh installer/setup/debian.sh run       and to use the program on a virtual screen
#   sh installer/setup/debian.sh system    and to build the installers and test with browsers, KeePassXC, CUPS, Wine, PostgreSQL, Prometheus and another client
set -eu

# clang, because gcc needs minutes for the OpenGL bindings. It takes its start files and libgcc from libgcc-12-dev, which it
# depends on, so there is no gcc in the list.
build="ca-certificates git make clang-14 libc6-dev binutils pkg-config xorg-dev libgl1-mesa-dev libxkbcommon-dev"

# The tests meet the real services: a message bus, a keyring, an X server with other clients, readers of PDF and QR codes, a font with
# Japanese letters (2 MB).
test="$build procps dbus gnome-keyring libsecret-tools xvfb x11-utils xclip xdotool poppler-utils zbar-tools fonts-vlgothic"

run="$test dbus-x11 openbox libgl1-mesa-dri fonts-dejavu-core fonts-noto-cjk"

system="$run cups-daemon cups-client ghostscript imagemagick chromium firefox-esr keepassxc argon2 wine wine64 g++-mingw-w64-x86-64 binutils-mingw-w64-x86-64 \
msitools wixl nsis osslsigncode softhsm2 opensc libengine-pkcs11-openssl desktop-file-utils shellcheck python3 bsdiff postgresql-15 pgbackrest haproxy patroni etcd-server pebble prometheus"

case "${1:-}" in
test) wanted=$test ;;
run) wanted=$run ;;
system) wanted=$system ;;
*)
	echo "usage: $0 test|run|system" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" in
	ii*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Waits for another apt instead of failing beside it, and asks nothing.
apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # one word per package
if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
