package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// maxLoose is how many values of another type than usual one entry may have.
const maxLoose = 100

// unmarshal is json.Unmarshal for an entry, in which a program or a version of it may have a number or a truth where others have text: such
// a value spoils neither itself nor the entry.
func unmarshal(raw json.RawMessage, into any) error {
	var mismatch *json.UnmarshalTypeError
	err := json.Unmarshal(raw, into)
	for n := 0; n < maxLoose && errors.As(err, &mismatch); n++ {
		from, to := valueAt(raw, int(mismatch.Offset))
		if from == 0 {
			return err // the entry is none
		}
		fitting := fit(raw[from:to], mismatch.Type)
		if fitting == nil {
			return err
		}
		raw = bytes.Join([][]byte{raw[:from], fitting, raw[to:]}, nil)
		err = json.Unmarshal(raw, into)
	}
	return err
}

// valueAt finds the value that ends, or begins if it is a list or an object, at an offset that the decoder told.
func valueAt(raw []byte, at int) (from, to int) {
	at = min(max(at, 0), len(raw))
	switch {
	case at == 0:
		return 0, 0
	case raw[at-1] == '{' || raw[at-1] == '[':
		var value json.RawMessage
		if json.NewDecoder(bytes.NewReader(raw[at-1:])).Decode(&value) == nil {
			return at - 1, at - 1 + len(value)
		}
		return at, at
	case raw[at-1] == '"':
		return openingQuote(raw[:at-1]), at
	}
	return bytes.LastIndexAny(raw[:at], ":,[ \t\r\n") + 1, at
}

// openingQuote is where the text begins that goes on to the end of raw: at the last quote without a backslash before it, which is none
// itself.
func openingQuote(raw []byte) int {
	for {
		at := bytes.LastIndexByte(raw, '"')
		if at < 0 {
			return 0
		}
		before := bytes.TrimRight(raw[:at], `\`)
		if (at-len(before))%2 == 0 {
			return at
		}
		raw = before
	}
}

// fit is a value as the type that is wanted; nil if that cannot be.
func fit(value []byte, want reflect.Type) []byte {
	text := string(value)
	if unquoted := ""; json.Unmarshal(value, &unquoted) == nil {
		text = unquoted
	}
	switch {
	case len(value) == 0:
	case want.Kind() == reflect.String:
		quoted, err := json.Marshal(text)
		if err == nil && string(quoted) != string(value) {
			return quoted
		}
	case want.Kind() == reflect.Bool:
		return strconv.AppendBool(nil, isYes(text))
	case want.Kind() >= reflect.Int && want.Kind() <= reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		switch {
		case isYes(text):
			return []byte("1")
		case err == nil && n > math.MinInt64 && n < math.MaxInt64:
			return strconv.AppendInt(nil, int64(n), 10)
		case slices.Contains([]string{"", "false", "no"}, text):
			return []byte("0")
		}
	case text == "" || text == "false" || text == "[]" || text == "{}": // a list or an object that is empty
		return []byte("null")
	}
	return nil
}

// strangers are the members of an object that a struct has no place for: what its reader does not know.
func strangers(raw json.RawMessage, known any) map[string]any {
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	t := reflect.TypeOf(known)
	for i := range t.NumField() {
		delete(members, t.Field(i).Tag.Get("json"))
	}
	return members
}
