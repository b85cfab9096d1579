package policy

import "strings"

// withoutPayload leaves out what a configuration profile says about itself (PayloadUUID, PayloadVersion and so on), and the enrolment
// token: they are in the same list as the settings.
func withoutPayload(vs values) values {
	for name := range vs {
		if strings.HasPrefix(name, "Payload") || name == enrollName {
			delete(vs, name)
		}
	}
	return vs
}
