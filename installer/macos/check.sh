#!/bin/sh
# Installs a package on this Mac as an MDM does, looks at what only a Mac can show, goes back to an older package, and removes it. As root, on
# a Mac without Coffer: it is for machines that are thrown away.
#
#   installer/macos/check.sh VERSION FILE.pkg OLDER-VERSION OLDER-FILE.pkg
set -eu
version=$1
package=$2
older=$3
older_package=$4
id=io.github.coffer-vault.coffer
application=/Applications/Coffer.app
if [ -e "$application" ]; then
	echo "$0: Coffer is installed here" >&2
	exit 1
fi

says() { # WHAT COMMAND…
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		echo "ok    $what"
	else
		echo "FAIL  $what" >&2
		failed=yes
	fi
}
failed=

pkgutil --check-signature "$package" || true
installer -pkg "$package" -target /
says "the seal of the application is whole" codesign --verify --strict --deep "$application"
says "the hardened runtime holds" sh -c "codesign --display --verbose '$application' 2>&1 | grep -q 'flags=.*runtime'"
says "the command line runs and is $version" sh -c "'$application/Contents/MacOS/cofferctl' version | grep -qF '$version'"
says "both processors are in it" sh -c "lipo -archs '$application/Contents/MacOS/coffer' | grep -q 'x86_64.*arm64\|arm64.*x86_64'"
says "the receipt says $version" sh -c "pkgutil --pkg-info $id | grep -qF 'version: $version'"
says "launchd knows the daemon" launchctl print "system/$id.updater"
says "launchd knows the reporter" launchctl print "system/$id.health"
says "the reporter is nobody" sh -c "launchctl print system/$id.health | grep -q 'username = nobody'"
says "the reporter has looked for a token" sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do grep -q no-token '/Library/Application Support/CofferHealth/state.json' && exit; sleep 1; done; exit 1"
says "users cannot write what root runs" sh -c "[ -z \"\$(find /Library/PrivilegedHelperTools/$id.* /Library/LaunchDaemons/$id.*.plist -perm +022)\" ]"
installer -pkg "$package" -target /
says "launchd knows the daemon after an installation over it" launchctl print "system/$id.updater"

is() { # VERSION: of the receipt and of the application
	pkgutil --pkg-info "$id" | grep -qxF "version: $1" && [ "$(plutil -extract CFBundleShortVersionString raw "$application/Contents/Info.plist")" = "$1" ]
}
word='/Library/Application Support/Coffer Updater/downgrade'
says "the receipt and the application are $version" is "$version"
if installer -pkg "$older_package" -target /; then
	says "an older package is refused" false
fi
says "after the older package was refused, $version is there" is "$version"
says "and whole" codesign --verify --strict --deep "$application"
says "and launchd knows the daemon" launchctl print "system/$id.updater"
mkdir -p "${word%/*}" # the daemon makes it, unless it trusts no root of updates
printf '%s\n' "$older" >"$word"
installer -pkg "$older_package" -target /
rm "$word"
says "on root's word $older is there" is "$older"
says "and whole, with nothing of $version" codesign --verify --strict --deep "$application"
says "and launchd knows its daemon" launchctl print "system/$id.updater"
"$application/Contents/Resources/uninstall.sh"
says "nothing is left" sh -c "[ ! -e '$application' ] && [ ! -e /Library/LaunchDaemons/$id.updater.plist ] && [ ! -e '/Library/Application Support/CofferHealth' ] && ! launchctl print system/$id.updater && ! launchctl print system/$id.health"
[ -z "$failed" ]
