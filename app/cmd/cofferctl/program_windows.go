package main

import (
	"golang.org/x/sys/windows/registry"

	"github.com/coffer-vault/coffer/updater/machine"
)

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

// installedVersion is what Windows lists, for everybody or for this user.
func installedVersion() string {
	if version := machine.Setting("Version"); version != "" {
		return version
	}
	key, err := registry.OpenKey(registry.CURRENT_USER, `Software\Coffer`, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	version, _, _ := key.GetStringValue("Version") // empty if it is not there
	return version
}

// systemProxy is the one of this user's Windows settings, which Coffer does not follow; empty for none.
func systemProxy() string {
	key, err := registry.OpenKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	if script, _, err := key.GetStringValue("AutoConfigURL"); err == nil && script != "" {
		return "a configuration script"
	}
	on, _, err := key.GetIntegerValue("ProxyEnable")
	proxy, _, _ := key.GetStringValue("ProxyServer") // empty if it is not there
	if err != nil || on == 0 {
		return ""
	}
	return proxy
}
