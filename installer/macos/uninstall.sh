#!/bin/sh
# Removes what the package has installed, and what the daemon has downloaded. Vaults are never touched: they belong to the users who made
# them, and open again when Coffer is installed again.
#
#   sudo /Applications/Coffer.app/Contents/Resources/uninstall.sh [DISK]
set -eu

# All of it is read before it runs: it removes this file, too.
uninstall() { # DISK
	label=io.github.coffer-vault.coffer.updater
	daemon=$1/Library/LaunchDaemons/$label.plist
	if [ ! -w "$1/Library/LaunchDaemons" ]; then
		echo "$0: only root can remove Coffer; use sudo" >&2
		exit 1
	fi
	# The daemon first, or it would install what is being removed.
	[ -n "$1" ] || launchctl bootout "system/$label" 2>/dev/null || true
	rm -f "$daemon" "$1/Library/PrivilegedHelperTools/$label"
	rm -rf "$1/Applications/Coffer.app" "$1/Library/Application Support/Coffer Updater"
	pkgutil --volume "${1:-/}" --forget io.github.coffer-vault.coffer >/dev/null 2>&1 || true
	echo "Coffer is removed. Vaults are where they were, in each user's Library/Application Support/Coffer."
	exit
}

uninstall "${1:-}"
