package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decode reads one flat JSON object of strings, whole numbers and truth values. A setting of another type, or one that is there twice,
// is a problem of its own; what is no object is an error, and sets nothing.
func decode(r io.Reader) (values, []Problem, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, nil, errors.New("is no JSON object")
	}
	vs := values{}
	var problems []Problem
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, notJSON(d)
		}
		var raw any
		if err := d.Decode(&raw); err != nil {
			return nil, nil, notJSON(d)
		}
		if len(vs) == maxSettings {
			return nil, nil, errors.New("has too many settings")
		}
		problems = append(problems, vs.add(name.(string), raw)...) // a name in an object is a string, or Token has failed
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, notJSON(d)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("goes on after its object")
	}
	return vs, problems, nil
}

func (vs values) add(name string, raw any) []Problem {
	if _, twice := vs[name]; twice {
		vs[name] = nil // neither of them
		return []Problem{{fmt.Sprintf("%.40q", name), "is there twice"}}
	}
	vs[name] = raw
	if n, ok := raw.(json.Number); ok {
		vs[name] = wholeNumber(n)
	}
	return nil
}

// wholeNumber is nil, which no setting takes, for a number with a sign, a fraction or an exponent.
func wholeNumber(n json.Number) any {
	if whole, err := strconv.ParseUint(strings.TrimSpace(n.String()), 10, 64); err == nil {
		return whole
	}
	return nil
}

func notJSON(d *json.Decoder) error {
	return fmt.Errorf("is no JSON after %d bytes", d.InputOffset())
}
