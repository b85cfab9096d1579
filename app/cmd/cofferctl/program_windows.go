package main

import "github.com/coffer-vault/coffer/updater/machine"

// programFile is the desktop program as the package installs it, in the folder of this one.
const programFile = "Coffer.exe"

// updateService says who installs updates where Coffer was installed for the whole computer; empty elsewhere.
func updateService() string {
	switch {
	case machine.Setting("InstallDir") == "":
		return ""
	case machine.Setting("AutoUpdate") == "1":
		return "the service CofferUpdater installs them"
	}
	return "the service CofferUpdater fetches them, an administrator installs them (AutoUpdate=0)"
}
