#!/bin/sh
# Builds the reporter for Linux and packs it: a package of its own, since only computers of organizations need it.
#
#   installer/linux/health/build.sh VERSION FOLDER
#
# FOLDER gets cofferhealth and coffer-health_VERSION_ARCH.deb. The same program makes the same bytes.
set -eu
umask 022
version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
arch=$(go env GOARCH) # Debian has the same names
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH

# shellcheck source=installer/setup/release.sh disable=SC2154
. installer/setup/release.sh

CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
	go build -trimpath -tags "$tags" -overlay "$scratch/overlay.json" -ldflags "$stamp" -o "$out/" ./app/cmd/cofferhealth

root=$scratch/root
install -D -m 755 -t "$root/usr/lib/coffer" "$out/cofferhealth"
install -D -m 644 -t "$root/lib/systemd/system" "$here/coffer-health.service" "$here/coffer-health.timer"
# On without a script, as the vendor's wish; systemctl mask coffer-health.timer is the administrator's.
install -d "$root/lib/systemd/system/timers.target.wants"
ln -s ../coffer-health.timer "$root/lib/systemd/system/timers.target.wants/coffer-health.timer"
install -D -m 644 LICENSE "$root/usr/share/doc/coffer-health/copyright"
install -m 644 docs/third-party.md "$root/usr/share/doc/coffer-health/"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/coffer-health/changelog.gz"
mkdir "$root/DEBIAN"
sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" "$here/control" >"$root/DEBIAN/control"
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz -z2 --build "$root" "$out/coffer-health_${version}_$arch.deb" >/dev/null
