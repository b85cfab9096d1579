package format

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/coffer-vault/coffer/vault/importer"
)

// utf16Text is a text in UTF-16, with a byte order mark or without.
func utf16Text(text string, big, mark bool) []byte {
	var data []byte
	if mark {
		text = "\ufeff" + text
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		if big {
			unit = unit<<8 | unit>>8
		}
		data = append(data, byte(unit), byte(unit>>8))
	}
	return data
}

// Whatever encoding a program or a spreadsheet has written, the same rows come out.
func TestEncodings(t *testing.T) {
	const text = "name,url,username,password\r\nMüller,https://a.example,ann,grün€\r\n"
	want := []string{`1 login "Müller" ["https://a.example"] "ann"="grün€"`}
	western := strings.NewReplacer("ü", "\xfc", "€", "\x80").Replace(text)
	for name, data := range map[string][]byte{
		"UTF-8": []byte(text), "with a mark": []byte("\ufeff" + text), "UTF-16": utf16Text(text, false, true), "big": utf16Text(text, true, true),
		"without a mark": utf16Text(text, false, false), "big without": utf16Text(text, true, false), "Windows-1252": []byte(western),
	} {
		t.Run(name, func(t *testing.T) { compare(t, read(t, data, ""), want) })
	}
	xml := `<?xml version="1.0" encoding="ISO-8859-1"?><KeePassFile><Root><Group><Name>R</Name><Entry><String><Key>Title</Key><Value>Müller</Value></String>` +
		`<String><Key>Password</Key><Value>p</Value></String></Entry></Group></Root></KeePassFile>`
	for name, data := range map[string][]byte{
		"XML in Latin-1": []byte(strings.ReplaceAll(xml, "ü", "\xfc")), "XML in UTF-16": utf16Text(strings.Replace(xml, "ISO-8859-1", "utf-16", 1), false, true),
	} {
		if rows := read(t, data, "").Rows; len(rows) != 1 || rows[0].Record == nil || rows[0].Record.Title != "Müller" {
			t.Errorf("%s: %v", name, rows)
		}
	}
	if rows := read(t, utf16Text(`[{"itemTypeName":"Password","name":"Müller","password":"p"}]`, false, true), "").Rows; len(rows) != 1 || rows[0].Site != "Müller" {
		t.Errorf("JSON in UTF-16: %v", rows)
	}
}

// Tables differ in what stands between their cells, in how columns are spelled, and in what they leave out.
func TestTablesOfAllSorts(t *testing.T) {
	const bank = `1 login "Bank" ["https://bank.example"] "ann"="p,w"`
	for name, c := range map[string]struct{ csv, want string }{
		"separator line":    {"sep=;\r\nTitle;URL;Username;Password\r\nBank;https://bank.example;ann;p,w\r\n", bank},
		"upright lines":     {"Title|URL|Username|Password\nBank|https://bank.example|ann|p,w\n", bank},
		"other spelling":    {"Pass_Word,USER NAME, Web-Site ,Entry Name\n\"p,w\",ann,https://bank.example,Bank\n", bank},
		"German":            {"Titel;Benutzername;Passwort;Webseite\nBank;ann;p,w;https://bank.example\n", bank},
		"French":            {"Nom;Identifiant;Mot de passe;Site web\nBank;ann;p,w;https://bank.example\n", bank},
		"Spanish":           {"Título;Usuario;Contraseña;Sitio web\nBank;ann;p,w;https://bank.example\n", bank},
		"Italian":           {"Titolo;Nome utente;Password;Sito web\nBank;ann;p,w;https://bank.example\n", bank},
		"Dutch":             {"Naam;Gebruikersnaam;Wachtwoord;URL\nBank;ann;p,w;https://bank.example\n", bank},
		"Japanese":          {"タイトル,ユーザー名,パスワード,URL\nBank,ann,\"p,w\",https://bank.example\n", bank},
		"short row":         {"Title,URL,Username,Password,Notes,Tags\nBank,https://bank.example,ann,\"p,w\"\n", bank},
		"empty cells after": {"Title,URL,Username,Password\nBank,https://bank.example,ann,\"p,w\",,\n", bank},
		"quote in a cell":   {"Title,URL,Username,Password\nBank,https://bank.example,ann,p\"w\n", strings.Replace(bank, "p,w", `p\"w`, 1)},
		"quote in quotes":   {"Title,URL,Username,Password\n\"Bank\",\"https://bank.example\",\"ann\",\"p\"w\"\n", strings.Replace(bank, "p,w", `p\"w`, 1)},
		"no name": {
			"Title,,Username,Password,\nBank,blue,ann,pw,7\n",
			`1 login "Bank" [] "ann"="pw" [Column 2 "blue" false] [Column 5 "7" false]`,
		},
		"one name twice": {
			"Title,Username,Password,Extra,extra\nBank,ann,pw,a,b\n",
			`1 login "Bank" [] "ann"="pw" notes "a" [extra "b" false]`,
		},
		"two addresses": {
			"Title,URL,url,Username,Password\nBank,\"https://a.example/?q=1,2, https://b.example\",https://c.example,ann,pw\n",
			`1 login "Bank" ["https://a.example/?q=1,2" "https://b.example" "https://c.example"] "ann"="pw"`,
		},
		"no address":     {"Title,Address,Username,Password\nBank,Street 1,ann,pw\n", `1 login "Bank" [] "ann"="pw" [Address "Street 1" false]`},
		"text alone":     {"Title,Username,Password,Notes\nHint,,,remember\n", `1 note "Hint" [] ""="" notes "remember"`},
		"not so secret":  {"Title,Username,Password,Shipping,PIN code\nBank,ann,pw,fast,12\n", `1 login "Bank" [] "ann"="pw" [Shipping "fast" false] [PIN code "12" true]`},
		"levels":         {"Title,Username,Password,Group\nBank,ann,pw,Work\\Money\n", `1 login "Bank" [] "ann"="pw" folder "Work/Money"`},
		"described":      {"Description,User name,Password,Comments\nBank,ann,pw,x\n", `1 login "Bank" [] "ann"="pw" notes "x"`},
		"one cell only":  {"Title,Username,Password\nBank\n", `1 : malformed`},
		"a comma beside": {"Title,Username,Password\nBank,ann,p,w\n", `1 : malformed`},
	} {
		t.Run(name, func(t *testing.T) { compare(t, read(t, []byte(c.csv), ""), []string{c.want}) })
	}
}

// A quote that nothing closes spoils its line, and not the rest of the file.
func TestOpenQuote(t *testing.T) {
	compare(t, read(t, []byte("name,url,username,password\na,https://a.example,ann,\"pw\nb,https://b.example,ann,pw\nc,https://c.example,ann,\"x\ny\"\n"), ""), []string{
		`1 : malformed`, `2 login "b" ["https://b.example"] "ann"="pw"`, `3 login "c" ["https://c.example"] "ann"="x\ny"`,
	})
	hostile := "name,url,username,password\n" + strings.Repeat("\"a,b,c,d\n", 2*maxRestarts+1)
	rows := read(t, []byte(hostile), "").Rows
	for _, row := range rows {
		if row.Reason != importer.ReasonMalformed && row.Reason != importer.ReasonEmpty {
			t.Fatal(row.ID, row.Reason)
		}
	}
	if len(rows) < maxRestarts {
		t.Error(len(rows))
	}
}

func TestListsAsJSON(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want []string
	}{
		"Myki": {
			`{"userAccounts":[{"nickname":"Shop","url":"https://shop.example","username":"ann","password":"pw","additionalInfo":"n","twofaSecret":"JBSW","tags":["a","b"]}],
			  "userCreditCards":[{"nickname":"Visa","cardNumber":"4111","cardName":"Ann Lee","exp_month":"4","exp_year":"2027","cvv":"123"}],
			  "userNotes":[{"nickname":"Text","content":"some text"}]}`,
			[]string{
				`1 login "Shop" ["https://shop.example"] "ann"="pw" totp "JBSW" notes "n"`,
				`2 card "Visa" [] ""="" [cardholder "Ann Lee" false] [number "4111" true] [cvv "123" true] [expires "2027-04" false]`,
				`3 note "Text" [] ""="" notes "some text"`,
			},
		},
		"Passwordstate": {
			`[{"PasswordID":5,"Title":"Router","Domain":"","HostName":"r1","UserName":"root","Description":"Core","GenericField1":"rack 4","GenericField2":"","Notes":"","URL":"","Password":"pw","TreePath":"\\Network","PasswordList":"Switches"}]`,
			[]string{`1 login "Router" [] "root"="pw" notes "Core" folder "Network/Switches" [GenericField1 "rack 4" false] [HostName "r1" false]`},
		},
		"unknown, with what it is not about": {
			`{"version":3,"accounts":[{"label":"A","login":"ann","password":"pw","more":{"a":1}},{"label":"B"}],"people":[{"who":"Bo","phone":"1"}]}`,
			[]string{`1 login "A" [] "ann"="pw" [more "a: 1" false]`, `2 B: empty`, `3 note "" [] ""="" [phone "1" false] [who "Bo" false]`},
		},
		"unknown, with long numbers": {
			`[{"name":"A","username":"ann","password":12345678901234567890,"loyalty":1.50}]`, []string{`1 login "A" [] "ann"="12345678901234567890" [loyalty "1.50" false]`},
		},
	} {
		t.Run(name, func(t *testing.T) { compare(t, read(t, []byte(c.json), ""), c.want) })
	}
	for _, other := range []string{`[]`, `{}`, `[[1]]`, `{"a":[{"b":1,"c":2}]}`, `[{"password":"x"},7]`} {
		if source, err := Open([]byte(other)); err == nil {
			t.Errorf("%s is %v", other, source.Info())
		}
	}
}

func TestBusinessTables(t *testing.T) {
	for name, c := range map[string]struct{ id, csv, want string }{
		"Password Depot": {
			"csv/passworddepot", "Description;Importance;Password;Last Modified;Expiry Date;User Name;URL;Comments;Category;Tags\nBank;1;pw;01.02.2024;;ann;bank.example;n;Money;a,b\n",
			`1 login "Bank" ["bank.example"] "ann"="pw" notes "n" [Last Modified "01.02.2024" false]`,
		},
		"Password Depot in German": {
			"csv/passworddepot", "Beschreibung;Wichtigkeit;Passwort;Geändert;Gültig bis;Benutzername;URL;Kommentare;Kategorie\nBank;1;pw;;;ann;bank.example;n;Geld\n",
			`1 login "Bank" ["bank.example"] "ann"="pw" notes "n"`,
		},
		"Delinea": {
			"csv/delinea", "Secret Name,Username,URL,Password,Notes,Date Created,Expires,Folder,TOTP Key,TOTP Backup Codes\nAC,ann,https://a.example,pw,n,3/9/2020 9:29,,Finance\\Paris,JBSW,1 2\n",
			`1 login "AC" ["https://a.example"] "ann"="pw" totp "JBSW" notes "n" folder "Finance/Paris" [Backup codes "1 2" true] [Date Created "3/9/2020 9:29" false]`,
		},
		"Passwordstate": {
			"csv/passwordstate", "PasswordList,Title,UserName,Description,GenericField1,GenericField2,Notes,URL,Password,ExpiryDate\nSwitches,Router,root,Core,rack 4,,n,,pw,\n",
			`1 login "Router" [] "root"="pw" notes "n" folder "Switches" [Description "Core" false] [GenericField1 "rack 4" false]`,
		},
		"Netwrix in English": {
			"csv/netwrix", "\"Organisational unit\";\"DataTags\";\"Description\";\"User name\";\"Password\";\"Website\";\"Information\";\"One-Time Password\"\n\"a\\b\";\"t\";\"E1\";\"u\";\"p\";\"https://n.example\";\"info\";\"SEED\"\n",
			`1 login "E1" ["https://n.example"] "u"="p" totp "SEED" notes "info" folder "a/b"`,
		},
		"Netwrix with lines in quotes": {
			"csv/netwrix", "\"Organisationseinheit;\"\"DataTags\"\";\"\"Beschreibung\"\";\"\"Benutzername\"\";\"\"Passwort\"\";\"\"Webseite\"\"\"\n\"f;\"\"t\"\";\"\"E\"\";\"\"u\"\";\"\"p\"\";\"\"https://n.example\"\"\"\n",
			`1 login "E" ["https://n.example"] "u"="p" folder "f"`,
		},
		"KeePass, which escapes quotes": {
			"csv/keepass", "\"Account\",\"Login Name\",\"Password\",\"Web Site\",\"Comments\"\n\"A \\\"q\\\"\",\"joe\",\"p\\\\w\",\"\",\"c\"\n",
			`1 login "A \"q\"" [] "joe"="p\\w" notes "c"`,
		},
		"a card in a plain table": {
			"csv", "type,name,username,password,cardholder,number,pin,expiryDate\nCard,Visa,,,Ann Lee,4111,1,03/2027\n",
			`1 card "Visa" [] ""="" [cardholder "Ann Lee" false] [number "4111" true] [expires "2027-03" false] [pin "1" true] [type "Card" false]`,
		},
		"Keeper with a header": {
			"csv/keeper", "Folder,Title,Login,Password,Website Address,Notes,Shared Folder,Custom Fields\nWork,Shop,ann,pw,https://shop.example,n,,Account,42,TFC:Keeper,otpauth://totp/x?secret=A\n",
			`1 login "Shop" ["https://shop.example"] "ann"="pw" totp "otpauth://totp/x?secret=A" notes "n" folder "Work" [Account "42" false]`,
		},
		"Enpass": {
			"csv/enpass", "\"Bank\",\"Username\",\"\",\"E-mail\",\"ann@a.example\",\"*Password\",\"pw\",\"Website\",\"https://bank.example\",\"*Answer\",\"blue\",\"a note\"\n",
			`1 login "Bank" ["https://bank.example"] "ann@a.example"="pw" notes "a note" [Answer "blue" true]`,
		},
		"a card of Enpass": {
			"csv/enpass", "Visa,Cardholder,Ann Lee,Type,Visa,*Number,4111,*CVC,123,Expiry date,04/2027\n",
			`1 card "Visa" [] ""="" [cardholder "Ann Lee" false] [brand "Visa" false] [number "4111" true] [cvv "123" true] [expires "2027-04" false]`,
		},
		"Zoho without names": {
			"csv/zoho", "\"Secret Name\",\"Secret URL\",\"Notes\"\n\"Shop\",\"https://shop.example\",\"n\",\"ann\",\"p,w\",\"42\"\n",
			`1 login "Shop" ["https://shop.example"] "ann"="p,w" notes "n" [Field "42" true]`,
		},
		"an older RoboForm": {
			"csv/roboform", "Name,Url,Login,Pwd,Note,Folder,Rf_fields\nShop,https://shop.example,'@ann,''pw,n,/Work,User ID$:txt:'@ann,Password$:pwd:''pw,TOTP KEY$:txt:JBSW,PIN$:pwd:12\n",
			`1 login "Shop" ["https://shop.example"] "@ann"="'pw" totp "JBSW" notes "n" folder "Work" [PIN "12" true]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			readout := read(t, []byte(c.csv), "")
			compare(t, readout, []string{c.want})
			if readout.Info.ID != c.id {
				t.Errorf("it is taken for %s", readout.Info.ID)
			}
		})
	}
}

// Groups of Buttercup come before the entries that are in them.
func TestButtercupGroups(t *testing.T) {
	const newer = "!type,!group_id,!group_name,!group_parent,title,username,password,URL,id\ngroup,1,Work,0,,,,,\ngroup,2,Paris,1,,,,,\nentry,2,,,Shop,ann,pw,https://shop.example,9\n"
	compare(t, read(t, []byte(newer), ""), []string{`1 Work: empty`, `2 Paris: empty`, `3 login "Shop" ["https://shop.example"] "ann"="pw" folder "Work/Paris"`})
	const marked = "\"!group_id\",\"!group_name\",\"!type\",\"title\",\"username\",\"password\",\"URL\",\"id\",\"url\"\n\"1\",\"Root/Mail\",\"--\",\"--\",\"\",\"\",\"\",\"1\",\"\"\n" +
		"\"1\",\"Root/Mail\",\"login\",\"Shop\",\"ann\",\"pw\",\"https://a.example\",\"2\",\"https://b.example\"\n"
	compare(t, read(t, []byte(marked), ""), []string{
		`1 Root/Mail: empty`, `2 login "Shop" ["https://a.example" "https://b.example"] "ann"="pw" folder "Root/Mail"`,
	})
}

func TestProtonTableHoldsItems(t *testing.T) {
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	card := quote(`{"cardholderName":"Ann Lee","cardType":0,"number":"4111","verificationNumber":"123","expirationDate":"2027-04","pin":"","note":"mine"}`)
	person := quote(`{"fullName":"Ann Lee","firstName":"","lastName":"","extraSections":[{"sectionName":"S","sectionFields":[{"fieldName":"F","type":"hidden","data":{"content":"x"}}]}]}`)
	csv := fmt.Sprintf("type,name,url,email,username,password,note,totp,createTime,modifyTime,vault\ncreditCard,Visa,,,,,%s,,,,Own\nidentity,Me,,,,,%s,,,,Own\n", card, person)
	compare(t, read(t, []byte(csv), ""), []string{
		`1 card "Visa" [] ""="" notes "mine" folder "Own" [cardholder "Ann Lee" false] [expires "2027-04" false] [number "4111" true] [cvv "123" true]`,
		`2 identity "Me" [] ""="" folder "Own" [first-name "Ann" false] [last-name "Lee" false] [F "x" true]`,
	})
}
