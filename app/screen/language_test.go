package screen

import "testing"

// labelOfLanguage is what the settings call a language.
func labelOfLanguage(s SettingsState, code string) string {
	for _, c := range s.Languages {
		if c.ID == code {
			return c.Label
		}
	}
	return ""
}

func TestLanguageIsSpokenAtOnce(t *testing.T) {
	d, _, settings := settingsDesk(t)
	settings.SetLanguage("de")
	if s := settings.State(); d.shell.State().Language != "de" || selected(s.Languages) != "Deutsch" || selected(s.Themes) != "Wie das System" || selected(s.LockAfter) != "10 Minuten" {
		t.Errorf("the settings speak %+v", s)
	}
	settings.SetLanguage("")
	if s := settings.State(); d.shell.State().Language != "en" || selected(s.Languages) != "System language" {
		t.Errorf("back in the language of the system: %+v", s)
	}
}

// A language whose letters no font of the PC has is not spoken: people would see boxes.
func TestLanguageWithoutFontIsNotSpoken(t *testing.T) {
	d, _, settings := settingsDesk(t)
	d.shell.config.CanShow = func(code string) bool { return code != "ja" }
	settings.SetLanguage("de")
	settings.SetLanguage("ja")
	if s := settings.State(); d.shell.State().Language != "de" || selected(s.Languages) != "Deutsch" || labelOfLanguage(s, "ja") != "Japanisch (keine Schrift)" {
		t.Errorf("the settings speak %+v", s.Languages)
	}
	chosen := d.shell.settings
	chosen.Language = "ja" // chosen while there was a font
	d.shell.apply(chosen)
	if code := d.shell.State().Language; code != "en" {
		t.Errorf("without the font the language is %s, want English", code)
	}
}
