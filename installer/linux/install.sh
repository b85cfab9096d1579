#!/bin/sh
# Installs Coffer from its archive for one user, who can let it update itself, or removes it. Vaults are never touched.
#
#   ./install.sh [FOLDER]              into FOLDER, ~/.local if none is given
#   ./install.sh --uninstall [FOLDER]
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)

uninstall=
if [ "${1:-}" = --uninstall ]; then
	uninstall=yes
	shift
fi
case "${1:-}" in
-*)
	echo "usage: $0 [--uninstall] [FOLDER]" >&2
	exit 2
	;;
esac
folder=${1:-$HOME/.local}
[ -n "$uninstall" ] || mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
programs=$folder/lib/coffer
# The desktop entry has its own ideas about these, twice over.
case "$folder" in
*[\\\"\$\`%[:cntrl:]]*)
	echo "$0: the name of the folder must have none of \\ \" \$ \` %" >&2
	exit 1
	;;
esac

# shared lists what comes beside the programs.
shared() { (cd "$here" && find share -type f); }

# Files by name, and folders if they are empty then: what somebody else has put there stays.
remove() {
	for program in coffer cofferctl; do
		[ "$(readlink "$folder/bin/$program" || true)" != "$programs/$program" ] || rm "$folder/bin/$program"
		for file in "$program" ".$program.new" ".$program.old" ".$program.failed"; do
			rm -f "$programs/$file"
		done
	done
	shared | while IFS= read -r file; do
		rm -f "$folder/$file"
	done
	rmdir "$programs" "$folder/share/doc/coffer" 2>/dev/null || true
}

if [ -n "$uninstall" ]; then
	remove
	echo "Coffer is removed. Vaults are where they were."
	exit
fi

mkdir -p "$folder/bin" "$programs"
for program in coffer cofferctl; do
	# By a rename: a program that runs cannot be written over.
	cp "$here/lib/coffer/$program" "$programs/.$program.installing"
	mv "$programs/.$program.installing" "$programs/$program"
	ln -sf "$programs/$program" "$folder/bin/$program"
done
shared | while IFS= read -r file; do
	mkdir -p "$folder/$(dirname "$file")"
	cp "$here/$file" "$folder/$file"
done
# The desktop does not always look for programs where this one is.
PROGRAM=$programs/coffer awk '
	/^Exec=/ { print "Exec=\"" ENVIRON["PROGRAM"] "\" %u"; next }
	/^TryExec=/ { next }
	{ print }' "$here/share/applications/coffer.desktop" >"$folder/share/applications/coffer.desktop"
echo "Coffer is in $programs. Start it from the menu, or as $folder/bin/coffer."
