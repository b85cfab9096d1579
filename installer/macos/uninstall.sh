#!/bin/sh
# Removes what the package has installed, and what the daemon has downloaded. Vaults are never touched: they belong to the users who made
# them, and open again when Coffer is installed again.
#
#   sudo /Applications/Coffer.app/Contents/Resources/uninstall.sh [DISK]
set -eu

# All of it is read before it runs: it removes this file, too.
uninstall() { # DISK
	id=io.github.coffer-vault.coffer
	if [ ! -w "$1/Library/LaunchDaemons" ]; then
		echo "$0: only root can remove Coffer; use sudo" >&2
		exit 1
	fi
	# Who installs first, or it would install what is being removed. The updater makes the watcher, for minutes after an update.
	for job in updater watch health; do
		[ -n "$1" ] || launchctl bootout "system/$id.$job" 2>/dev/null || true
		rm -f "$1/Library/LaunchDaemons/$id.$job.plist" "$1/Library/PrivilegedHelperTools/$id.$job"
	done
	rm -rf "$1/Applications/Coffer.app" "$1/Library/Application Support/Coffer Updater" "$1/Library/Application Support/Coffer Updater.json" "$1/Library/Application Support/CofferHealth"
	pkgutil --volume "${1:-/}" --forget "$id" >/dev/null 2>&1 || true
	echo "Coffer is removed. Vaults are where they were, in each user's Library/Application Support/Coffer."
	exit
}

uninstall "${1:-}"
