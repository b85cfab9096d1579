package platform

import "os"

func languages() []string { return posixLanguages(os.Getenv) }
