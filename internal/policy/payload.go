package policy

import "strings"

// withoutPayload leaves out what a configuration profile says about itself (PayloadUUID, PayloadVersion and so on): it is in the same
// list as the settings.
func withoutPayload(vs values) values {
	for name := range vs {
		if strings.HasPrefix(name, "Payload") {
			delete(vs, name)
		}
	}
	return vs
}
