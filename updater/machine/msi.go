package machine

import "strings"

// arguments run Windows Installer without a window and without a restart. ALLUSERS says that the package is for the whole computer:
// as LocalSystem it refuses anything else.
func arguments(msi, log string) []string {
	return []string{"/i", msi, "/qn", "/norestart", "REBOOT=ReallySuppress", "ALLUSERS=1", "/l*v", log}
}

// windowsOutcome reads an exit code of Windows Installer (learn.microsoft.com, "MsiExec.exe and InstMsi.exe error messages").
func windowsOutcome(code int) Outcome {
	switch code {
	case 0, 1641, 3010: // success; the computer should restart or, against our wish, does
		return Outcome{Installed, code}
	case 1618, 1602: // another installation runs; somebody cancelled
		return Outcome{Later, code}
	}
	return Outcome{Failed, code}
}

// pendingIn reports whether one of the files that Windows moves at its next start is in a folder: then what is installed is not all
// there before. Windows writes them as \??\C:\folder\file.
func pendingIn(files []string, folder string) bool {
	folder = strings.ToLower(strings.TrimRight(folder, `\`)) + `\`
	for _, file := range files {
		if folder != `\` && strings.Contains(strings.ToLower(file), folder) {
			return true
		}
	}
	return false
}
