package format

import (
	"errors"
	"strings"
	"testing"
)

// digestOfHi is the SHA-256 of the file that the entries of KeePass have.
const digestOfHi = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"

// Programs have written what they export in more than one way, and what they write may be told apart from others' by little.
func TestVersions(t *testing.T) {
	const mac = "\"cardholder name(cardholder)\",\"Created Date\",\"expiry date(expiry)\",\"first name(firstname)\",\"phone (local)(phone_local)\",\"Notes\",\"number(ccnum)\"," +
		"\"Password\",\"Tags\",\"Title\",\"Type\",\"URL\",\"Username\",\"verification number(cvv)\",\"\"\n"
	const windows = "\"UUID\",\"TITLE\",\"SCOPE\",\"AUTOSUBMIT\",\"TAGS\",\"SECTION 1: NAME\",\"NAME 1: FIRST NAME\",\"NAME 8: JOB TITLE\",\"1: CARDHOLDER NAME\",\"2: NUMBER\",\"3: VERIFICATION NUMBER\"\n"
	for name, c := range map[string]struct {
		data string
		want []string
	}{
		"Buttercup with types and notes": {
			"!type,!group_id,!group_name,!group_parent,title,username,password,URL,id,Notes,Tags\n" +
				"group,g1,Work,0,,,,,,,\ngroup,g2,Mail,g1,,,,,,,\nentry,g2,,,Post,ann,pw,https://post.example,i1,n,\n",
			[]string{`1 Work: empty`, `2 Mail: empty`, `3 login "Post" ["https://post.example"] "ann"="pw" notes "n" folder "Work/Mail"`},
		},
		"1Password 7 on macOS": {
			mac + "\"Ann Lee\",\"1600000000\",\"04/2031\",\"\",\"55\",\"\",\"4111\",\"\",\"{(\n)}\",\"Visa\",\"Credit Card\",\"\",\"\",\"321\",\"\"\n" +
				"\"\",\"\",\"\",\"Ann\",\"\",\"\",\"\",\"\",\"{(\n    \\\"Two words\\\",\n    one\n)}\",\"Me\",\"Identity\",\"\",\"\",\"\",\"\"\n" +
				"\"\",\"\",\"\",\"\",\"\",\"say \\\"hi\\\"\",\"\",\"p\\\\w\",\"\",\"Shop\",\"Login\",\"https://shop.example\",\"ann\",\"\",\"\"\n",
			[]string{
				`1 card "Visa" [] ""="" [cardholder "Ann Lee" false] [expires "2031-04" false] [phone (local) "55" false] [number "4111" true] [cvv "321" true] created 2020-09-13`,
				`2 identity "Me" [] ""="" [first-name "Ann" false] tags ["Two words" "one"]`,
				`3 login "Shop" ["https://shop.example"] "ann"="p\\w" notes "say \"hi\""`,
			},
		},
		"1Password 7 on Windows": {
			windows + "\"u1\",\"Me\",\"Default\",\"Default\",\"home\",\"Identification\",\"Ann\",\"Baker\",\"\",\"\",\"\"\n" +
				"\"u2\",\"Visa\",\"Default\",\"Default\",\"\",\"\",\"\",\"\",\"Ann Lee\",\"4111\",\"321\"\n",
			[]string{
				`1 identity "Me" [] ""="" [first-name "Ann" false] [JOB TITLE "Baker" false] [SECTION 1: NAME "Identification" false] tags ["home"]`,
				`2 card "Visa" [] ""="" [cardholder "Ann Lee" false] [number "4111" true] [cvv "321" true]`,
			},
		},
		"Dashlane's papers without their archive": {
			"type,number,name,issue_date,expiration_date,place_of_issue,state\npassport,77,Ann Lee,2021-3-9,2031-3-9,Bern,\n",
			[]string{`1 document "passport – Ann Lee" [] ""="" [document-number "77" true] [issued "2021-03-09" false] [valid-until "2031-03-09" false] [issuer "Bern" false]`},
		},
		"Dashlane's cards": {
			"type,account_name,account_holder,cc_number,code,expiration_month,expiration_year,routing_number,account_number,country,issuing_bank\ncredit_card,Visa,Ann,4111,12,4,2031,,,CH,\n",
			[]string{`1 card "Visa" [] ""="" [cardholder "Ann" false] [number "4111" true] [cvv "12" true] [expires "2031-04" false] [country "CH" false]`},
		},
		"Dashlane's persons": {
			"type,title,first_name,middle_name,last_name,login,date_of_birth,place_of_birth,email,email_type,item_name,phone_number\nemail,,,,,,,,ann@a.example,personal,mine,\n",
			[]string{`1 identity "mine" [] ""="" [email "ann@a.example" false] [type "email" false] [email_type "personal" false]`},
		},
		"Dashlane's old table with a name alone": {
			"\"only a name\"\n\"Shop\",\"https://shop.example\",\"ann\",\"pw\",\"\"\n",
			[]string{`1 only a name: empty`, `2 login "Shop" ["https://shop.example"] "ann"="pw"`},
		},
		"notes alone": {"title,note\nGate,4 7 1\n", []string{`1 note "Gate" [] ""="" notes "4 7 1"`}},
		"a host for an address": {
			"hostname,username,password\nshop.example,ann,pw\n", []string{`1 login "shop.example" ["shop.example"] "ann"="pw"`},
		},
		"one address under two names": {
			`{"accounts":[{"label":"Shop","domain":"https://shop.example","login_url":"https://shop.example","username":"ann","password":"pw"}]}`,
			[]string{`1 login "Shop" ["https://shop.example"] "ann"="pw"`},
		},
		"RoboForm's quotes": {
			"Name,Url,MatchUrl,Login,Pwd,Note,Folder,RfFieldsV2\nShop,https://shop.example,https://shop.example,ann,\"'@p\"\"\",,,\"Password$,,,pwd,\"\"'@p\"\"\"\"\"\"\"\n",
			[]string{`1 login "Shop" ["https://shop.example"] "ann"="@p\""`},
		},
		"Myki's years": {
			"nickname,status,tags,cardNumber,cardName,exp_month,exp_year,cvv,additionalInfo\nVisa,active,,4111,Ann,4,31,12,\n",
			[]string{`1 card "Visa" [] ""="" [number "4111" true] [cardholder "Ann" false] [cvv "12" true] [expires "2031-04" false]`},
		},
		"Bitwarden without types": {
			`{"folders":[],"items":[{"id":"1","name":"Shop","login":{"username":"ann","password":"pw"}},{"id":"2","name":"Visa","card":{"number":"4111"}},{"id":"3","name":"Me","identity":{"city":"Bern"}},{"id":"4","name":"Key","sshKey":{"publicKey":"ssh-rsa A"}}]}`,
			[]string{
				`1 login "Shop" [] "ann"="pw"`, `2 card "Visa" [] ""="" [number "4111" true]`, `3 identity "Me" [] ""="" [city "Bern" false]`,
				`4 ssh-key "Key" [] ""="" [public-key "ssh-rsa A" false]`,
			},
		},
		"Psono": {
			`{"items":[{"type":"totp","name":"Code","totp_title":"Code","totp_period":60,"totp_digits":8,"totp_algorithm":"SHA1","totp_code":"JBSW","totp_notes":"n"},
				{"type":"environment_variables","name":"Env","environment_variables_title":"Env","environment_variables_variables":[{"key":"A","value":"1"}]},
				{"type":"credit_card","name":"Visa","credit_card_title":"Visa","credit_card_number":"4111","credit_card_cvc":"12","credit_card_valid_through":"0431"}],
			  "folders":[{"name":"Work","folders":[{"name":"A/B","items":[{"id":"x","type":"website_password","name":"Shop","website_password_title":"Shop","website_password_url":"https://shop.example",
				"website_password_username":"ann","website_password_password":"pw","website_password_totp_code":"JBSX","website_password_totp_period":30,"website_password_notes":"n","website_password_url_filter":"shop.example",
				"callback_url":"https://hook.example","create_date":"2022-02-03T04:05:06Z"}]}]}]}`,
			[]string{
				`1 login "Code" [] ""="" totp "otpauth://totp/Code?algorithm=SHA1&digits=8&period=60&secret=JBSW" notes "n"`,
				`2 note "Env" [] ""="" [A "1" true]`,
				`3 card "Visa" [] ""="" [cvv "12" true] [number "4111" true] [expires "2031-04" false]`,
				`x login "Shop" ["https://shop.example"] "ann"="pw" totp "JBSX" notes "n" folder "Work/A∕B" [callback_url "https://hook.example" false] created 2022-02-03`,
			},
		},
		"Psono with folders alone": {
			`{"folders":[{"name":"Empty"},{"name":"Text","items":[{"type":"note","name":"N","note_title":"N","note_notes":"text"}]}]}`,
			[]string{`1 note "N" [] ""="" notes "text" folder "Text"`},
		},
		"Passky": {
			`{"encrypted":false,"passwords":[{"website":"https://shop.example","username":"ann","password":"pw","message":"n"}]}`,
			[]string{`1 login "shop.example" ["https://shop.example"] "ann"="pw" notes "n"`},
		},
		"1PIF, which has a card twice": {
			`{"uuid":"1","title":"Visa","typeName":"wallet.financial.CreditCard","secureContents":{"ccnum":"4111","expiry_yy":"2031","expiry_mm":"4","cvv":"12","bank":"other","sections":[{"fields":[` +
				`{"k":"string","n":"ccnum","t":"number","v":"4111"},{"k":"monthYear","n":"expiry","t":"expiry date","v":203104},{"k":"concealed","n":"cvv","t":"code","v":"12"},{"k":"string","n":"bank","t":"bank","v":"one"}]}]}}` +
				"\n" + string(onePIFLine) + "\n",
			[]string{`1 card "Visa" [] ""="" [number "4111" true] [expires "2031-04" false] [cvv "12" true] [bank "one" false] [bank "other" false]`},
		},
		"SafeInCloud's passport": {
			`<?xml version="1.0"?><database><card title="Pass" id="1" symbol="passport"><field name="Number" type="number" autofill="off">77</field><field name="Expires" type="expiry">2031-03-09</field></card>` +
				`<card title="Visa" id="2" symbol="visa"><field name="Number" type="number" autofill="cc-number">4111</field><field name="Expires" type="expiry">04/31</field></card></database>`,
			[]string{
				`1 document "Pass" [] ""="" [document-number "77" true] [valid-until "2031-03-09" false]`,
				`2 card "Visa" [] ""="" [number "4111" true] [expires "2031-04" false]`,
			},
		},
		"KeePass 1": {
			"<?xml version=\"1.0\"?><pwlist><pwentry><group tree=\"Work\\Web/Mail\">Post</group><title>Shop</title><username>ann</username><url>https://shop.example</url><password>p&amp;w</password>" +
				"<notes>first\r\nsecond</notes><uuid>77ab</uuid><image>0</image><creationtime>2006-12-31T11:52:01</creationtime><lastmodtime>2007-01-02T00:00:00</lastmodtime>" +
				"<expiretime expires=\"false\">2999-12-28T23:59:59</expiretime><attachdesc>a.txt</attachdesc><attachment>aGk=</attachment></pwentry>" +
				"<pwentry><group>General</group><title>Old</title><password>x</password><expiretime expires=\"true\">2010-02-03T00:00:00</expiretime></pwentry></pwlist>",
			[]string{
				`77ab login "Shop" ["https://shop.example"] "ann"="p&w" notes "first\nsecond" folder "Work/Web∕Mail/Post" created 2006-12-31 modified 2007-01-02 file "a.txt" 2 ` + digestOfHi,
				`2 login "Old" [] ""="x" folder "General" [Expires "2010-02-03" false]`,
			},
		},
		"KeePassX": {
			"<!DOCTYPE KEEPASSX_DATABASE>\n<database><group><title>Web</title><icon>0</icon><group><title>A/B</title><entry><title>Shop</title><username>ann</username><password>pw</password>" +
				"<url>https://shop.example</url><comment>n</comment><icon>0</icon><creation>2017-01-01T00:00:00</creation><lastaccess>2017-01-01T00:00:00</lastaccess><lastmod>2017-01-02T00:00:00</lastmod>" +
				"<expire>Never</expire></entry></group><entry><title>Gate</title><username></username><password></password><comment>4 7 1</comment><bindesc>b.txt</bindesc><bin>aGk=</bin></entry></group></database>",
			[]string{
				`1 login "Shop" ["https://shop.example"] "ann"="pw" notes "n" folder "Web/A∕B" created 2017-01-01 modified 2017-01-02`,
				`2 note "Gate" [] ""="" notes "4 7 1" folder "Web" file "b.txt" 2 ` + digestOfHi,
			},
		},
		"an account of CXF alone": {
			`{"id":"acc","username":"ann","collections":[{"title":"Work","items":[{"item":"i1"}]}],"items":[{"id":"i1","title":"Shop","creationAt":2735237114,"scope":{"urls":["https://shop.example"]},"credentials":[` +
				`{"type":"basic-auth","username":{"fieldType":"string","value":"ann"},"password":{"fieldType":"concealed-string","value":"pw"}},` +
				`{"type":"custom-fields","label":"","fields":[{"fieldType":"string","label":"one-time password","value":"otpauth://totp/x?secret=JBSW"},{"fieldType":"string","label":"colour","value":"blue"}]}]},` +
				`{"id":"i3","credentials":[{"type":"drivers-license","licenseNumber":{"fieldType":"string","value":"7"}}]},` +
				`{"id":"i2","title":"Key","creationAt":1600000000,"credentials":[{"type":"ssh-key","privateKey":"LS0tLS1CRUdJTiBYLS0tLS0K"}]}]}`,
			[]string{
				`i1 login "Shop" ["https://shop.example"] "ann"="pw" totp "otpauth://totp/x?secret=JBSW" folder "Work" [colour "blue" false] created 2025-09-03`,
				`i3 document "drivers license" [] ""="" [document-number "7" true]`,
				`i2 ssh-key "Key" [] ""="" [private-key "-----BEGIN X-----\n" true] created 2020-09-13`,
			},
		},
		"fields and tags as JSON in cells": {
			"label,username,password,tags,url,custom_fields,files\nShop,ann,pw,\"[red,blue]\",https://shop.example,\"[{\"\"label\"\":\"\"PIN\"\",\"\"value\"\":\"\"12\"\",\"\"secret\"\":true,\"\"field_type\"\":\"\"text\"\"}]\",[]\n" +
				"Gate,,pw,,,\"[{\"\"other\"\":1}]\",\n",
			[]string{
				`1 login "Shop" ["https://shop.example"] "ann"="pw" [PIN "12" true] [files "[]" false] tags ["red" "blue"]`,
				`2 login "Gate" [] ""="pw" [custom_fields "[{\"other\":1}]" false]`,
			},
		},
		"fields as JSON in an object": {
			"Entry Name,URL,User ID,Password,Notes,Tags,Extra Fields\nShop,https://shop.example,ann,pw,n,\"{\"\"tags\"\":[\"\"{\\\"\"tag\\\"\":\\\"\"red\\\"\"}\"\"]}\",\"{\"\"extraFields\"\":[\"\"{\\\"\"name\\\"\":\\\"\"colour\\\"\",\\\"\"type\\\"\":\\\"\"text\\\"\",\\\"\"data\\\"\":\\\"\"blue\\\"\"}\"\"]}\"\n",
			[]string{`1 login "Shop" ["https://shop.example"] "ann"="pw" notes "n" [colour "blue" false] tags ["red"]`},
		},
		"Keeper, of whom somebody has words for columns": {
			"\"\",\"Shop\",\"user\",\"password\",\"https://shop.example\",\"\",\"\"\n",
			[]string{`1 login "Shop" ["https://shop.example"] "user"="password"`},
		},
		"a list with objects": {
			`[{"label":"Shop","username":"ann","password":"pw","url":"https://shop.example","created":1600000000,"changed":1700000000,"tags":[{"text":"red"},{"text":"blue"}],` +
				`"otp":{"secret":"JBSW","type":"totp","period":60,"digits":6,"algorithm":"SHA1"},"custom_fields":[{"label":"PIN","value":"12","secret":true,"field_type":"text"}]}]`,
			[]string{`1 login "Shop" ["https://shop.example"] "ann"="pw" totp "otpauth://totp/?algorithm=SHA1&digits=6&period=60&secret=JBSW" [PIN "12" true] tags ["red" "blue"] created 2020-09-13 modified 2023-11-14`},
		},
		"times in a plain table": {
			"title,username,password,created,last modified\na,ann,pw,2020-01-02,1700000000000\nb,bob,pw,2/1/2020,soon\n",
			[]string{
				`1 login "a" [] "ann"="pw" created 2020-01-02 modified 2023-11-14`,
				`2 login "b" [] "bob"="pw" [created "2/1/2020" false] [last modified "soon" false]`,
			},
		},
		"Myki's tags": {
			`{"userAccounts":[{"nickname":"Shop","url":"https://shop.example","username":"ann","password":"pw","additionalInfo":"n","twofaSecret":"JBSW","tags":["a","b"]}]}`,
			[]string{`1 login "Shop" ["https://shop.example"] "ann"="pw" totp "JBSW" notes "n" tags ["a" "b"]`},
		},
		"Aegis": {
			`{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[{"type":"totp","uuid":"u1","name":"ann","issuer":"Shop","note":"n","favorite":true,"icon":null,"groups":["g1","g2"],"info":{"secret":"JBSW","algo":"SHA256","digits":6,"period":30}},` +
				`{"type":"hotp","uuid":"u2","name":"bob","issuer":"","info":{"secret":"JBSX","algo":"SHA1","digits":6,"counter":10}},{"type":"steam","uuid":"u3","name":"eve","issuer":"Steam","group":"Games","icon":"iVBORw==","icon_mime":"image/png","info":{"secret":"JBSY","algo":"SHA1","digits":5,"period":30}}],"groups":[{"uuid":"g1","name":"Work"}]}}`,
			[]string{
				`u1 login "Shop" [] "ann"="" totp "otpauth://totp/Shop?algorithm=SHA256&digits=6&period=30&secret=JBSW" notes "n" tags ["Work" "g2"] favorite`,
				`u2 login "bob" [] "bob"="" [HOTP "otpauth://hotp/bob?algorithm=SHA1&counter=10&digits=6&secret=JBSX" true]`,
				`u3 login "Steam" [] "eve"="" totp "otpauth://totp/Steam?algorithm=SHA1&encoder=steam&period=30&secret=JBSY" tags ["Games"] left out file "icon"`,
			},
		},
		"andOTP": {
			`[{"secret":"JBSW","issuer":"Shop","label":"ann","digits":6,"type":"TOTP","algorithm":"SHA1","thumbnail":"Default","last_used":1,"period":30,"tags":["a","b"]},7]`,
			[]string{`1 login "Shop" [] "ann"="" totp "JBSW" tags ["a" "b"]`, `2 : malformed`},
		},
		"Keeper's labels": {
			`{"records":[{"uid":"1","title":"Shop","$type":"login","login":"ann","password":"pw","custom_fields":{"$phone:Hotline:1":{"number":"55","type":"Work"},"$name:Boss:1":{"first":"Bo"},"$name::1":{"first":"Al"}}}]}`,
			[]string{`1 login "Shop" [] "ann"="pw" [first "Al" false] [Boss first "Bo" false] [Hotline "55" false] [Hotline type "Work" false]`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			readout := read(t, []byte(c.data), "")
			if all, want := strings.Join(fully(readout), "\n"), strings.Join(c.want, "\n"); all != want || readout.Err != nil {
				t.Errorf("got\n%s\nwant\n%s\n%v", all, want, readout.Err)
			}
		})
	}
}

// An export that its program has encrypted entry by entry is none of Bitwarden's.
func TestPasskyEncrypted(t *testing.T) {
	if _, err := Open([]byte(`{"encrypted":true,"passwords":[{"website":"w68","username":"bMK","password":"XcK"}]}`)); !errors.Is(err, ErrEncryptedExport) {
		t.Error(err)
	}
}

// A backslash that escapes nothing stays: it is only taken for an escape where no row would fit else.
func TestBackslashesThatEscapeNothing(t *testing.T) {
	compare(t, read(t, []byte("title,url,username,password\na,,ann,\"p\\\"\nb,,bob,\"x,y\"\n"), ""), []string{`1 login "a" [] "ann"="p\\"`, `2 login "b" [] "bob"="x,y"`})
}
