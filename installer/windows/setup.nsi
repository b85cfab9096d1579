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
BrandingText " "
Page instfiles

; The language is that of the user, or English.
LoadLanguageFile "${NSISDIR}\Contrib\Language files\English.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\German.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\French.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\Spanish.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\Italian.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\Dutch.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\Japanese.nlf"
LangString installing ${LANG_ENGLISH} "Installing Coffer…"
LangString failed ${LANG_ENGLISH} "Coffer was not installed. What was there before is there as it was.$\r$\n$\r$\nWindows Installer ends with $0. Try again, or ask whoever looks after this computer."
LangString installing ${LANG_GERMAN} "Coffer wird installiert …"
LangString failed ${LANG_GERMAN} "Coffer wurde nicht installiert. Was vorher da war, ist unverändert da.$\r$\n$\r$\nWindows Installer endet mit $0. Versuchen Sie es noch einmal, oder fragen Sie, wer diesen Computer betreut."
LangString installing ${LANG_FRENCH} "Installation de Coffer…"
LangString failed ${LANG_FRENCH} "Coffer n’a pas été installé. Ce qui était là avant n’a pas changé.$\r$\n$\r$\nWindows Installer se termine par $0. Réessayez, ou demandez à qui s’occupe de cet ordinateur."
LangString installing ${LANG_SPANISH} "Instalando Coffer…"
LangString failed ${LANG_SPANISH} "Coffer no se ha instalado. Lo que había antes sigue igual.$\r$\n$\r$\nWindows Installer termina con $0. Inténtelo de nuevo o pregunte a quien se ocupa de este equipo."
LangString installing ${LANG_ITALIAN} "Installazione di Coffer…"
LangString failed ${LANG_ITALIAN} "Coffer non è stato installato. Quello che c’era prima è rimasto com’era.$\r$\n$\r$\nWindows Installer termina con $0. Riprovare, o chiedere a chi si occupa di questo computer."
LangString installing ${LANG_DUTCH} "Coffer wordt geïnstalleerd…"
LangString failed ${LANG_DUTCH} "Coffer is niet geïnstalleerd. Wat er eerder was, is er onveranderd.$\r$\n$\r$\nWindows Installer eindigt met $0. Probeer het opnieuw, of vraag wie deze computer beheert."
LangString installing ${LANG_JAPANESE} "Coffer をインストールしています…"
LangString failed ${LANG_JAPANESE} "Coffer はインストールされませんでした。以前の状態はそのままです。$\r$\n$\r$\nWindows Installer が $0 で終了しました。もう一度試すか、このコンピューターの管理者にお問い合わせください。"

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
  DetailPrint "$(installing)"
  SetDetailsPrint none ; the command would be shown, with the token in it
  ExecWait '"$SYSDIR\msiexec.exe" /i "$PLUGINSDIR\coffer.msi" /norestart $Arguments' $0
  SetOutPath $TEMP ; the folder of the package can be removed then
  SetErrorLevel $0
  ${If} $0 <> 0
  ${AndIf} $0 <> 3010
    ; Windows Installer shows no message while it shows its progress alone, and somebody waits here. 1602: it was he who cancelled.
    ${If} $0 <> 1602
      MessageBox MB_OK|MB_ICONSTOP "$(failed)" /SD IDOK
    ${EndIf}
    Quit
  ${EndIf}
SectionEnd
