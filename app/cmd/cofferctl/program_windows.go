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
	return userValue(`Software\Coffer`, "Version")
}

// systemProxy is the one of this user's Windows settings, which Coffer does not follow; empty for none.
func systemProxy() string {
	const settings = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`
	if script := userValue(settings, "AutoConfigURL"); script != "" {
		return "a configuration script"
	}
	key, err := registry.OpenKey(registry.CURRENT_USER, settings, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	if on, _, err := key.GetIntegerValue("ProxyEnable"); err != nil || on == 0 {
		return ""
	}
	return userValue(settings, "ProxyServer")
}

// userValue is a text of this user's registry, empty if it is not there.
func userValue(path, name string) string {
	key, err := registry.OpenKey(registry.CURRENT_USER, path, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	value, _, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	return value
}

// installedDomain is the base domain that an administrator has set with the installer.
func installedDomain() string { return machine.Setting("Server") }
