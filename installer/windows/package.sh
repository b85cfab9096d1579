#!/bin/sh
# Packs the programs that are in FOLDER into FOLDER/coffer-VERSION.msi, with wixl, and that into FOLDER/coffer-setup-VERSION.exe, with
# NSIS.
#
#   installer/windows/package.sh VERSION FOLDER
set -eu
version=$1
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

go run ./installer/icon assets/appicon "$scratch/coffer.ico"
x86_64-w64-mingw32-gcc -shared -Os -s -Wall -Werror -o "$scratch/action.dll" "$here/action/action.c" -ladvapi32
ln -s "$out/Coffer.exe" "$out/cofferctl.exe" "$out/CofferUpdater.exe" "$out/CofferHealth.exe" "$here/coffer.wxs" "$scratch/"
(cd "$scratch" && wixl -a x64 -D "VERSION=$version" -o coffer.msi coffer.wxs)
"$here/patch.sh" "$scratch/coffer.msi" "$version"
mv "$scratch/coffer.msi" "$out/coffer-$version.msi"
makensis -V1 -WX -DVERSION="$version" -DMSI="$out/coffer-$version.msi" -DICON="$scratch/coffer.ico" -DOUT="$out/coffer-setup-$version.exe" \
	"$here/setup.nsi"
