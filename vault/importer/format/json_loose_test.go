package format

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer"
)

func TestLooseValues(t *testing.T) {
	type entry struct {
		Text   string
		Number int
		Truth  bool
		List   []string
		Inner  struct{ Text string }
	}
	for name, c := range map[string]struct {
		json string
		want string // empty: malformed
	}{
		"as usual":          {`{"Text":"a","Number":1,"Truth":true,"List":["b"],"Inner":{"Text":"c"}}`, `{"Text":"a","Number":1,"Truth":true,"List":["b"],"Inner":{"Text":"c"}}`},
		"a number":          {`{"Text": -12.50 ,"Inner":{"Text":7}}`, `{"Text":"-12.50","Number":0,"Truth":false,"List":null,"Inner":{"Text":"7"}}`},
		"a truth":           {`{"Text":true,"List":["x",false,3]}`, `{"Text":"true","Number":0,"Truth":false,"List":["x","false","3"],"Inner":{"Text":""}}`},
		"a text":            {`{"Number":"42","Truth":"yes"}`, `{"Text":"","Number":42,"Truth":true,"List":null,"Inner":{"Text":""}}`},
		"a fraction":        {`{"Number":1.9,"Truth":1}`, `{"Text":"","Number":1,"Truth":true,"List":null,"Inner":{"Text":""}}`},
		"an object":         {`{"Text":{"a":[1]},"Number":3}`, `{"Text":"{\"a\":[1]}","Number":3,"Truth":false,"List":null,"Inner":{"Text":""}}`},
		"nothing in a list": {`{"List":"","Inner":[]}`, `{"Text":"","Number":0,"Truth":false,"List":null,"Inner":{"Text":""}}`},
		"quotes in a text":  {`{"Truth":"a \\\"b\" \\\\\"","Text":"c"}`, `{"Text":"c","Number":0,"Truth":false,"List":null,"Inner":{"Text":""}}`},
		"a text as object":  {`{"Text":"a","Inner":"what is lost"}`, ""},
		"no object":         {`7`, ""},
		"cut off":           {`{"Text":`, ""},
	} {
		var got entry
		err := unmarshal(json.RawMessage(c.json), &got)
		text, _ := json.Marshal(got)
		if (err == nil) != (c.want != "") || err == nil && string(text) != c.want {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

// Looking for the beginning of a value takes as long as it is: the values of a hostile file may be megabytes.
func TestLongLooseValues(t *testing.T) {
	digits := strings.Repeat("1", 1<<20)
	for _, long := range []string{digits, strings.Repeat(`\"`, 1<<19), strings.Repeat("[", 1<<20), strings.Repeat(" ", 1<<20)} {
		var got struct {
			Text  string
			Truth bool
		}
		if err := unmarshal(json.RawMessage(`{"Text":`+digits+`,"Truth":"`+long+`"}`), &got); err != nil || got.Text != digits {
			t.Errorf("%.9s: %d digits, %v", long, len(got.Text), err)
		}
	}
}

// An entry in which one value is of another type comes whole.
func TestLooseEntries(t *testing.T) {
	for name, c := range map[string]struct{ json, want string }{
		"1Password": {
			`{"accounts":[{"vaults":[{"items":[{"uuid":"i","categoryUuid":"001","overview":{"title":"T"},"details":{"loginFields":[{"value":true,"name":"keep","fieldType":"C"},{"value":"ann","designation":"username"}]}}]}]}]}`,
			`i login "T" [] "ann"="" [keep "true" false]`,
		},
		"Bitwarden": {
			`{"items":[{"id":"i","type":1,"name":"T","creationDate":"","favorite":0,"login":{"username":12,"password":34,"uris":[]}}]}`,
			`i login "T" [] "12"="34"`,
		},
		"Enpass": {
			`{"items":[{"uuid":"i","template_type":"login.default","title":"T","favorite":"1","fields":[{"type":"username","value":7}]}]}`,
			`i login "T" [] "7"=""`,
		},
		"Keeper": {
			`{"records":[{"uid":5,"title":"T","$type":"login","login":8,"references":{"$fileRef":["x"]},"folders":[{"folder":"A\\B\\\\C/D"}]}]}`,
			`5 login "T" [] "8"="" folder "A/B\\C∕D"`,
		},
	} {
		t.Run(name, func(t *testing.T) { compare(t, read(t, []byte(c.json), ""), []string{c.want}) })
	}
	if _, err := Open([]byte(`{"accounts":[7]}`)); !errors.Is(err, ErrUnknownFormat) {
		t.Error(err)
	}
}

func TestEarlierValuesOfEnpass(t *testing.T) {
	const export = `{"items":[{"uuid":"i","template_type":"login.default","title":"T","fields":[
		{"type":"email","label":"E-mail","value":"new@a.example","history":[{"value":"old@a.example","updated_at":1}]},
		{"type":"password","label":"Password","value":"third","value_updated_at":1700000000,"history":[{"value":"first","updated_at":1500000000},{"value":"second","updated_at":1600000000}]}]}]}`
	record := read(t, []byte(export), "").Rows[0].Record
	if len(record.History) != 2 || string(record.History[0].Password.Reveal()) != "first" || record.History[0].Replaced.Unix() != 1_600_000_000 ||
		record.History[1].Replaced != record.PasswordChanged || record.PasswordChanged.Unix() != 1_700_000_000 {
		t.Errorf("history %v until %v", record.History, record.PasswordChanged)
	}
	if len(record.LeftOut) != 1 || record.LeftOut[0] != (importer.LeftOut{What: importer.PartHistory, Name: "E-mail"}) {
		t.Errorf("left out %v", record.LeftOut)
	}
}
