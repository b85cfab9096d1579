package platform

import "golang.org/x/sys/windows"

// languages are those of the display, not the regional format: Windows in English with German dates speaks English.
func languages() []string {
	tags, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil {
		return nil
	}
	return tags
}
