package platform

import (
	"slices"
	"testing"
)

func TestLanguagesOfTheEnvironment(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want []string
	}{
		{nil, nil},
		{map[string]string{"LANG": "de_AT.UTF-8"}, []string{"de-AT"}},
		{map[string]string{"LANG": "ja_JP"}, []string{"ja-JP"}},
		{map[string]string{"LANG": "pt_BR.UTF-8"}, []string{"pt-BR"}},
		{map[string]string{"LANG": "fr"}, []string{"fr"}},
		{map[string]string{"LANG": "nl_NL@euro"}, []string{"nl-NL"}},
		{map[string]string{"LANG": "C"}, nil},
		{map[string]string{"LANG": "C.UTF-8", "LANGUAGE": "de"}, nil},
		{map[string]string{"LANG": "POSIX"}, nil},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_MESSAGES": "es_ES.UTF-8"}, []string{"es-ES"}},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_MESSAGES": "es_ES.UTF-8", "LC_ALL": "it_IT"}, []string{"it-IT"}},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, nil},
		{map[string]string{"LANG": "de_CH.UTF-8", "LANGUAGE": "gsw:fr_CH::C"}, []string{"gsw", "fr-CH", "de-CH"}},
		{map[string]string{"LANG": ".@"}, nil},
	} {
		if got := posixLanguages(func(name string) string { return test.env[name] }); !slices.Equal(got, test.want) {
			t.Errorf("%v: %q, want %q", test.env, got, test.want)
		}
	}
}

func TestLanguagesOfThePreferences(t *testing.T) {
	for printed, want := range map[string][]string{
		"(\n    \"de-AT\",\n    en\n)\n": {"de-AT", "en"},
		"(\n    \"zh-Hans-CN\"\n)\n":     {"zh-Hans-CN"},
		"(\n)\n":                         nil,
		"":                               nil,
	} {
		if got := quotedLanguages(printed); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", printed, got, want)
		}
	}
}
