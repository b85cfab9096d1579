package platform

// HasDisplay reports whether windows can be shown, so that the program can say so instead of dying inside the toolkit. Only on
// Linux it can be false.
func HasDisplay() bool { return hasDisplay() }
