package vault

// WiFi is a wireless network.
const WiFi Kind = "wifi"

// The fields of a wireless network, besides Password and Notes.
const (
	SSID          Key = "ssid"
	WiFiSecurity  Key = "security" // "WPA3", "WPA2 Enterprise"
	RouterAddress Key = "router-address"
	RouterLogin   Key = "router-username"
	RouterSecret  Key = "router-password"
)

var wifiSpec = KindSpec{
	Kind: WiFi,
	Fields: []FieldSpec{
		{Key: SSID, Type: Text, Searchable: true},
		{Key: Password, Type: Concealed},
		{Key: WiFiSecurity, Type: Text},
		{Key: RouterAddress, Type: URL, Searchable: true},
		{Key: RouterLogin, Type: Text},
		{Key: RouterSecret, Type: Concealed},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: SSID,
}
