package machine

// Setting is empty: the installer of macOS asks nobody for anything.
func Setting(string) string { return "" }

// Folder is MacFolder.
func Folder() (string, error) { return MacFolder, nil }

// TakenBack is the version that did not work on this computer, and why; empty if the last update worked.
func TakenBack() (version, reason string) { return takenBack(MacNotes) }
