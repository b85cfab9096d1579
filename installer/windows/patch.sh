#!/bin/sh
# Adds to an MSI what wixl cannot say. Each part names the table and the reason.
# usage: patch.sh FILE VERSION PACKAGE-CODE, with SOURCE_DATE_EPOCH
set -eu
msi=$1
sql() { msibuild "$msi" -q "$1"; }

# Registry: wixl writes HKMU as root 4; the installer knows it as -1 (per user or per machine, by ALLUSERS).
sql "UPDATE \`Registry\` SET \`Root\` = -1 WHERE \`Root\` = 4"

# Component: what is installed only sometimes. REMOVE keeps it removable.
condition() { sql "UPDATE \`Component\` SET \`Condition\` = '$2 OR REMOVE~=\"ALL\"' WHERE \`Component\` = '$1'"; }
condition cUpdater ALLUSERS=1
condition cHealth 'ALLUSERS=1 AND ENROLL'
condition cServer SERVER
condition cEnroll ENROLL
condition cRun RUNATSTARTUP=1

# InstallExecuteSequence: in the transaction, so that an upgrade that fails brings the older version back with its service. wixl's place
# is before it, and would leave the PC without any.
sql "UPDATE \`InstallExecuteSequence\` SET \`Sequence\` = 1501 WHERE \`Action\` = 'RemoveExistingProducts'"

# Upgrade, attribute 512: the same version, built again, replaces what is installed instead of lying beside it. The attributes are part
# of the table's key, which cannot be updated.
family=$(msiinfo export "$msi" Property | tr -d '\r' | awk -F '\t' '$1 == "UpgradeCode" { print $2 }')
sql "DELETE FROM \`Upgrade\` WHERE \`ActionProperty\` = 'WIX_UPGRADE_DETECTED'"
sql "INSERT INTO \`Upgrade\` (\`UpgradeCode\`, \`VersionMax\`, \`Attributes\`, \`ActionProperty\`) VALUES ('$family', '$2', 513, 'WIX_UPGRADE_DETECTED')"

# Upgrade and LaunchCondition: on an administrator's word an older version takes the place of a newer one, as an upgrade does: in one
# transaction, with what was chosen before. wixl's row (2) detects the newer one and does no more.
sql "DELETE FROM \`Upgrade\` WHERE \`ActionProperty\` = 'WIX_DOWNGRADE_DETECTED'"
sql "INSERT INTO \`Upgrade\` (\`UpgradeCode\`, \`VersionMin\`, \`Attributes\`, \`ActionProperty\`) VALUES ('$family', '$2', 0, 'WIX_DOWNGRADE_DETECTED')"
sql "DELETE FROM \`LaunchCondition\` WHERE \`Condition\` = 'NOT WIX_DOWNGRADE_DETECTED'"
sql "INSERT INTO \`LaunchCondition\` (\`Condition\`, \`Description\`) VALUES ('NOT WIX_DOWNGRADE_DETECTED OR DOWNGRADE = 1', 'A newer version of Coffer is installed already.')"

# ActionText: without the value, which the usual text has: the log would name the enrolment token.
sql "CREATE TABLE \`ActionText\` (\`Action\` CHAR(72) NOT NULL, \`Description\` CHAR(64) LOCALIZABLE, \`Template\` CHAR(128) LOCALIZABLE PRIMARY KEY \`Action\`)"
sql "INSERT INTO \`ActionText\` (\`Action\`, \`Description\`, \`Template\`) VALUES ('WriteRegistryValues', 'Writing system registry values', 'Key: [1], Name: [2]')"

# Property: these reach the elevated half of an installation only if they are listed.
sql "UPDATE \`Property\` SET \`Value\` = 'ALLUSERS;DOWNGRADE;ENROLL;INSTALLDIR;RUNATSTARTUP;SERVER;SHOULDAUTOUPDATE;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' WHERE \`Property\` = 'SecureCustomProperties'"

# CustomAction: type 51 sets a property; wixl's 2099 would hide the value and run per process.
sql "UPDATE \`CustomAction\` SET \`Type\` = 51 WHERE \`Type\` = 2099"

# CustomAction: wixl has every action of a library run as SYSTEM (2048), whose settings are not those of who uninstalls.
sql "UPDATE \`CustomAction\` SET \`Type\` = 1089 WHERE \`Action\` = 'caStartup'"

# File: without a version, an upgrade would compare dates and could keep the old program.
for file in fApp fCtl fUpdater fHealth; do
	sql "UPDATE \`File\` SET \`Version\` = '$2.0', \`Language\` = '1033' WHERE \`File\` = '$file'"
	sql "DELETE FROM \`MsiFileHash\` WHERE \`File_\` = '$file'"
done

# CustomAction: commit (512), which wixl does not know: it runs when the uninstallation can no longer be rolled back.
sql "UPDATE \`CustomAction\` SET \`Type\` = 3649 WHERE \`Action\` = 'caForget'"

# RemoveFile, mode 2 (when uninstalled): what the updater leaves beside the program. A row whose folder is a property without a value
# does nothing. Without a file name it removes the folder, if that is empty.
sweep() { # KEY COMPONENT NAME FOLDER
	sql "INSERT INTO \`RemoveFile\` (\`FileKey\`, \`Component_\`, \`FileName\`, \`DirProperty\`, \`InstallMode\`) VALUES ('$1', '$2', $3, '$4', 2)"
}
sweep rmNew cApp "'coffer.new|.Coffer.exe.new'" INSTALLDIR
sweep rmOld cApp "'coffer.old|.Coffer.exe.old'" INSTALLDIR
sweep rmFailed cApp "'coffer.fai|.Coffer.exe.failed'" INSTALLDIR

# The reporter's folder is in the profile of LocalService, where every service of that account can write. So names are given: with a link
# in the place of the folder, '*' would empty another one.
for name in key state.json health.log; do
	sweep "rmHealth.$name" cHealth "'$name'" HEALTH_DATA
	sweep "rmHealths.$name" cHealth "'$name*'" HEALTH_DATA # what was being written, and older logs; Wine knows no wildcards
done
sql "INSERT INTO \`RemoveFile\` (\`FileKey\`, \`Component_\`, \`DirProperty\`, \`InstallMode\`) VALUES ('rmdirHealth', 'cHealth', 'HEALTH_DATA', 2)"

# _SummaryInformation: the package's code (9), and when it was made (12, 13), which wixl draws and takes from the clock.
summary=$(mktemp -d)
trap 'rm -rf "$summary"' EXIT
msiinfo export "$msi" _SummaryInformation | awk -F '\t' -v OFS='\t' -v code="$3" -v made="$(date -u -d "@$SOURCE_DATE_EPOCH" '+%Y/%m/%d %H:%M:%S')" '
	$1 == 9 { $2 = code "\r" } $1 == 12 || $1 == 13 { $2 = made "\r" } { print }' >"$summary/_SummaryInformation.idt"
msibuild "$msi" -i "$summary/_SummaryInformation.idt"
