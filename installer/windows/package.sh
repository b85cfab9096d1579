#!/bin/sh
# Packs the programs that are in FOLDER into FOLDER/coffer-VERSION.msi, with wixl, and that into FOLDER/coffer-setup-VERSION.exe, with
# NSIS. From the same programs they are the same bytes: times are those of the sources (SOURCE_DATE_EPOCH, else of the commit), and the
# codes that Windows Installer tells packages apart by follow from what is in them. sign.sh says who signs: the programs, the MSI with
# them in it, and the setup program with that in it.
#
#   installer/windows/package.sh VERSION FOLDER
set -eu
export TZ=UTC
version=$1
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)}
export SOURCE_DATE_EPOCH

"$here/sign.sh" "$out/Coffer.exe" "$out/cofferctl.exe" "$out/CofferUpdater.exe" "$out/CofferHealth.exe"
go run ./installer/icon assets/appicon "$scratch/coffer.ico"
# Where it is linked to be loaded would follow from the name of the file.
x86_64-w64-mingw32-gcc -shared -Os -s -Wall -Werror -Wl,--no-insert-timestamp,--disable-auto-image-base -o "$scratch/action.dll" "$here/action/action.c" -ladvapi32 -lshell32
ln -s "$out/Coffer.exe" "$out/cofferctl.exe" "$out/CofferUpdater.exe" "$out/CofferHealth.exe" "$here/coffer.wxs" "$scratch/"
cp "$here/patch.sh" "$scratch/"
cp LICENSE "$scratch/LICENSE.txt"
cp docs/third-party.md "$scratch/NOTICES.txt"
find -L "$scratch" -type f -exec touch -d "@$SOURCE_DATE_EPOCH" {} + # the cabinet has the files' times
contents=$(cd "$scratch" && sha256sum -- *)
code() { printf '%s %s\n%s' "$1" "$version" "$contents" | sha256sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/{\1-\2-4\3-8\4-\5}/' | tr a-f A-F; }
(cd "$scratch" && wixl -a x64 -D "VERSION=$version" -D "PRODUCT=$(code product)" -o coffer.msi coffer.wxs)
"$here/patch.sh" "$scratch/coffer.msi" "$version" "$(code package)"
"$here/sign.sh" "$scratch/coffer.msi"
mv "$scratch/coffer.msi" "$out/coffer-$version.msi"
makensis -V1 -WX -DVERSION="$version" -DMSI="$out/coffer-$version.msi" -DICON="$scratch/coffer.ico" -DOUT="$out/coffer-setup-$version.exe" \
	"$here/setup.nsi"
"$here/sign.sh" "$out/coffer-setup-$version.exe"
