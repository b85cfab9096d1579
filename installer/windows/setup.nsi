; The setup program: it carries the MSI and hands on what it is given, so there is one logic of installing and one entry in the list.
; Built by package.sh with VERSION, MSI, ICON and OUT.
;
;   /S, /QUIET                       no window at all
;   /ALLUSERS=1 /RUNATSTARTUP=… /SHOULDAUTOUPDATE=… /SERVER=… /ENROLL=… /DOWNGRADE=… /INSTALLDIR="…"    properties of the MSI, see coffer.wxs
;   /D=FOLDER                        the same as /INSTALLDIR; the last one, and without quotation marks
;   /LOG="FILE"                      the log of Windows Installer
;
; The exit code is that of msiexec, all bits of it.
Unicode true
Target amd64-unicode
Name "Coffer"
OutFile "${OUT}"
Icon "${ICON}"
InstallDir ""
; msiexec asks for an administrator where it needs one.
RequestExecutionLevel user
ManifestSupportedOS Win10
ManifestDPIAware true
; A slow computer would show a window that verifies, before /QUIET has been read. Windows Installer checks what is in the MSI.
CRCCheck off
; The cabinet in the MSI is compressed already.
SetCompress off
; Nor is the time in it at which it was built.
SetDateSave off
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Coffer"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Coffer Setup"
VIAddVersionKey CompanyName "The Coffer authors"
VIAddVersionKey LegalCopyright "The Coffer authors"
ShowInstDetails nevershow
AutoCloseWindow true
Page instfiles

!include FileFunc.nsh
!include LogicLib.nsh

Var Given
Var Arguments

; An option that is there becomes a property, also if it is empty: an empty one is not the same as one that is not given.
!macro hand NAME
  ClearErrors
  ${GetOptions} "$Given" "/${NAME}=" $1
  ${IfNot} ${Errors}
    StrCpy $Arguments '$Arguments ${NAME}="$1"'
  ${EndIf}
!macroend

Function .onInit
  ${GetParameters} $Given
  ClearErrors
  ${GetOptions} "$Given" "/QUIET" $1
  ${IfNot} ${Errors}
    SetSilent silent
  ${EndIf}
FunctionEnd

Section
  StrCpy $Arguments "/passive"
  ${If} ${Silent}
    StrCpy $Arguments "/qn"
  ${EndIf}
  ClearErrors
  ${GetOptions} "$Given" "/LOG=" $1
  ${IfNot} ${Errors}
    StrCpy $Arguments '$Arguments /l*v "$1"'
  ${EndIf}
  !insertmacro hand ALLUSERS
  !insertmacro hand RUNATSTARTUP
  !insertmacro hand SHOULDAUTOUPDATE
  !insertmacro hand SERVER
  !insertmacro hand ENROLL
  !insertmacro hand DOWNGRADE
  ${If} $INSTDIR == ""
    !insertmacro hand INSTALLDIR
  ${Else}
    StrCpy $Arguments '$Arguments INSTALLDIR="$INSTDIR"'
  ${EndIf}

  InitPluginsDir
  SetOutPath $PLUGINSDIR
  File "/oname=coffer.msi" "${MSI}"
  ExecWait '"$SYSDIR\msiexec.exe" /i "$PLUGINSDIR\coffer.msi" /norestart $Arguments' $0
  SetOutPath $TEMP ; the folder of the package can be removed then
  SetErrorLevel $0
  ${If} $0 <> 0
  ${AndIf} $0 <> 3010
    Quit
  ${EndIf}
SectionEnd
