# Installs a package on this Windows as an RMM tool does, looks at what Wine cannot show, goes back to an older package, and removes it. As
# administrator, on a computer without Coffer: it is for machines that are thrown away.
#
#   installer/windows/check.ps1 -Version 1.4.0 -Package C:\...\coffer-1.4.0.msi -OlderVersion 1.3.0 -OlderPackage C:\...\coffer-1.3.0.msi
param(
    [Parameter(Mandatory)] [string] $Version, [Parameter(Mandatory)] [string] $Package,
    [Parameter(Mandatory)] [string] $OlderVersion, [Parameter(Mandatory)] [string] $OlderPackage
)
$ErrorActionPreference = 'Stop'
$script:failed = $false
if (Test-Path HKLM:\Software\Coffer) { throw 'Coffer is installed here' }

function Look([string] $What, [scriptblock] $Holds) {
    $ok = try { & $Holds } catch { $false }
    if ($ok) { "ok    $What" } else { "FAIL  $What"; $script:failed = $true }
}

function Installer([string[]] $Arguments) {
    (Start-Process msiexec.exe -ArgumentList $Arguments -Wait -PassThru).ExitCode
}

$log = Join-Path $env:TEMP coffer.log
$code = Installer '/i', "`"$Package`"", '/qn', 'ALLUSERS=1', '/l*v', "`"$log`""
Look "installed: $code" { $code -eq 0 }
$folder = "$env:ProgramFiles\Coffer"
$service = Get-CimInstance Win32_Service -Filter "Name='CofferUpdater'"
Look 'the version is in the registry' { (Get-ItemProperty HKLM:\Software\Coffer).Version -eq $Version }
Look 'the service is LocalSystem' { $service.StartName -eq 'LocalSystem' }
Look 'its path is quoted' { $service.PathName.StartsWith('"') }
Look 'it is started again when it has failed' { (sc.exe qfailure CofferUpdater | Select-String RESTART).Count -eq 3 }
Look 'the command line runs' { (& "$folder\cofferctl.exe" version) -match [regex]::Escape($Version) }
# By number, since names of groups are translated, and since .NET writes the same right as WriteData or as CreateFiles: write, append, attributes,
# delete (a child too), change the access or the owner, and the generic rights to write and to all.
$users = 'S-1-1-0', 'S-1-5-4', 'S-1-5-11', 'S-1-5-32-545' # everyone, interactive, authenticated, Users
$change = 0x500D0156
Look 'users cannot write the programs' {
    $rules = (Get-Acl $folder).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
    $rules.Count -gt 0 -and -not ($rules | Where-Object {
        $users -contains $_.IdentityReference.Value -and $_.AccessControlType -eq 'Allow' -and ([int]$_.FileSystemRights -band $change)
    })
}
$code = Installer '/i', "`"$Package`"", '/qn', '/l*v', "`"$log`""
Look "again, over it: $code" { $code -eq 0 -or $code -eq 3010 }
function Installed { (Get-ItemProperty HKLM:\Software\Coffer).Version }
$code = Installer '/i', "`"$OlderPackage`"", '/qn', 'ALLUSERS=1', '/l*v', "`"$log`""
Look "an older package is refused: $code" { $code -eq 1603 -and (Installed) -eq $Version }
Look 'and the service is there' { (Get-CimInstance Win32_Service -Filter "Name='CofferUpdater'").StartMode -eq 'Auto' }
$code = Installer '/i', "`"$OlderPackage`"", '/qn', 'ALLUSERS=1', 'DOWNGRADE=1', '/l*v', "`"$log`""
Look "with DOWNGRADE=1 it takes the newer one's place: $code" { ($code -eq 0 -or $code -eq 3010) -and (Installed) -eq $OlderVersion }
Look 'its programs are there' { (Get-ChildItem "$folder\*.exe").Count -eq 3 } # a fourth comes with ENROLL
Look 'its service is there' { (Get-CimInstance Win32_Service -Filter "Name='CofferUpdater'").StartMode -eq 'Auto' }
Look 'one entry in the list of programs' {
    @(Get-ItemProperty 'HKLM:\Software\Microsoft\Windows\CurrentVersion\Uninstall\*' | Where-Object { $_.DisplayName -eq 'Coffer' }).Count -eq 1
}
$code = Installer '/x', "`"$OlderPackage`"", '/qn', '/l*v', "`"$log`""
Look "removed: $code" { $code -eq 0 }
Look 'nothing is left' {
    -not (Test-Path $folder) -and -not (Test-Path "$env:ProgramData\CofferUpdater") -and -not (Get-Service CofferUpdater -ErrorAction SilentlyContinue)
}
if ($script:failed) { exit 1 }
