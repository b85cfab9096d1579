package health

// Folder is the reporter's, made by the installer for the user that it runs as.
func Folder() (string, error) { return "/Library/Application Support/CofferHealth", nil }
