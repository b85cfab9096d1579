#!/bin/sh
# Packs the programs that are in FOLDER: those for people into a Debian package and an archive for everybody else, the server and
# the reporter into a Debian package each. The same programs make the same bytes.
#
#   installer/linux/package.sh VERSION FOLDER
set -eu
umask 022
version=$1
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
arch=$(go env GOARCH) # Debian has the same names

# The time of the commit: archives have times in them.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH

# share is what the desktop wants to know, below FOLDER/share.
share() { # FOLDER
	install -D -m 644 "$here/coffer.desktop" "$1/share/applications/coffer.desktop"
	for size in 16 24 32 48 64 128 256 512; do
		install -D -m 644 "assets/appicon/coffer-$size.png" "$1/share/icons/hicolor/${size}x$size/apps/coffer.png"
	done
	install -D -m 644 assets/appicon/coffer.svg "$1/share/icons/hicolor/scalable/apps/coffer.svg"
	install -D -m 644 LICENSE "$1/share/doc/coffer/copyright"
	install -m 644 docs/third-party.md CHANGELOG.md "$1/share/doc/coffer/"
}

# There are no scripts in the package: nothing but dpkg itself puts files on the disk or removes them, and it knows of no vault.
desktop() {
	root=$scratch/desktop
	install -D -m 755 -t "$root/usr/bin" "$out/coffer" "$out/cofferctl"
	share "$root/usr"
	mkdir "$root/DEBIAN"
	debian coffer "$here/control"
}

server() {
	root=$scratch/server
	install -D -m 755 -t "$root/usr/bin" "$out/coffer-cloud"
	install -D -m 644 cloud/cmd/coffer-cloud/cloud.conf "$root/etc/coffer-cloud/cloud.conf"
	install -D -m 644 -t "$root/lib/systemd/system" "$here/cloud/coffer-cloud.service"
	install -D -m 644 "$here/cloud/sysusers.conf" "$root/usr/lib/sysusers.d/coffer-cloud.conf"
	install -D -m 644 LICENSE "$root/usr/share/doc/coffer-cloud/copyright"
	install -m 644 docs/third-party.md CHANGELOG.md "$root/usr/share/doc/coffer-cloud/"
	install -D -m 755 -t "$root/DEBIAN" "$here/cloud/postinst" "$here/cloud/prerm" "$here/cloud/postrm"
	echo /etc/coffer-cloud/cloud.conf >"$root/DEBIAN/conffiles"
	debian coffer-cloud "$here/cloud/control"
}

# The reporter is a package of its own, since only computers of organizations need it.
health() {
	root=$scratch/health
	install -D -m 755 -t "$root/usr/lib/coffer" "$out/cofferhealth"
	install -D -m 644 -t "$root/lib/systemd/system" "$here/health/coffer-health.service" "$here/health/coffer-health.timer"
	# On without a script, as the vendor's wish; systemctl mask coffer-health.timer is the administrator's.
	install -d "$root/lib/systemd/system/timers.target.wants"
	ln -s ../coffer-health.timer "$root/lib/systemd/system/timers.target.wants/coffer-health.timer"
	install -D -m 644 LICENSE "$root/usr/share/doc/coffer-health/copyright"
	install -m 644 docs/third-party.md CHANGELOG.md "$root/usr/share/doc/coffer-health/"
	mkdir "$root/DEBIAN"
	debian coffer-health "$here/health/control"
}

# debian makes the package of what is in root, with DEBIAN in it. xz at a low level: a tenth more bytes for a quarter of the time.
debian() { # NAME CONTROL
	doc=$root/usr/share/doc/$1
	gzip -9n "$doc/CHANGELOG.md" && mv "$doc/CHANGELOG.md.gz" "$doc/changelog.gz"
	sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" "$2" >"$root/DEBIAN/control"
	(cd "$root" && find usr lib -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
	find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
	dpkg-deb --root-owner-group -Zxz -z2 --build "$root" "$out/$1_${version}_$arch.deb" >/dev/null
}

archive() {
	name=coffer-$version-linux-$arch
	install -D -m 755 -t "$scratch/$name/lib/coffer" "$out/coffer" "$out/cofferctl"
	share "$scratch/$name"
	install -m 755 "$here/install.sh" "$scratch/$name/install.sh"
	tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" | gzip -9n >"$out/$name.tar.gz"
}

desktop
server
health
archive
