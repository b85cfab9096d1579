package platform

import "path/filepath"

func showFile(path string) error { return openURL(filepath.Dir(path)) }
