package policy

import "errors"

// enrollText is among the managed preferences, with the settings.
func enrollText() (string, error) {
	vs, problems := preferencesOf()
	for _, p := range problems {
		if p.Name == preferences {
			return "", errors.New(p.Reason)
		}
	}
	switch text := vs[enrollName].(type) {
	case nil:
		return "", nil
	case string:
		return text, nil
	}
	return "", errors.New("must be a text")
}
