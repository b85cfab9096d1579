package platform

// Downloads is the folder into which browsers save files unless they are told otherwise. It need not exist. Linux: $XDG_DOWNLOAD_DIR,
// then what xdg-user-dirs keeps in user-dirs.dirs; Windows: the known folder; both and macOS: "Downloads" in the home folder else.
func Downloads() (string, error) { return downloads() }
