package format

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer"
)

// A folder with a long name that is in itself, or among its like, would be a path of many of it for every entry that is in it: each took
// seconds to read, and was left out for its size.
func TestFoldersInACircle(t *testing.T) {
	name := strings.Repeat("x", 64<<10)
	collection := `{"title":"inner","items":[{"item":"i"}]}`
	for range 20 {
		collection = fmt.Sprintf(`{"title":%q,"subCollections":[%s],"items":[]}`, name, collection)
	}
	for id, data := range map[string]string{
		"enpass": fmt.Sprintf(`{"folders":[{"uuid":"f","title":%q,"parent_uuid":"f"}],"items":[{"uuid":"i","title":"Shop","template_type":"login.default","folders":["f","f"],
			"fields":[{"type":"password","value":"pw"}]}]}`, name),
		"passwordboss": fmt.Sprintf(`{"folders":[{"id":"f","name":%q,"parent":"f"}],"items":[{"id":"i","name":"Shop","folder":"f","login_url":"https://a.example","identifiers":{"password":"pw"}}]}`, name),
		"buttercup":    "!type,!group_id,!group_name,!group_parent,title,username,password,URL,note,id\ngroup,f," + name + ",f,,,,,,\nentry,f,,,Shop,ann,pw,,,\n",
		"cxf": fmt.Sprintf(`{"version":{"major":1,"minor":0},"exporterRpId":"a","accounts":[{"id":"a","collections":[%s],"items":[{"id":"i","title":"Shop",
			"credentials":[{"type":"basic-auth","username":{"value":"ann"},"password":{"value":"pw"}}]}]}]}`, collection),
	} {
		if id != "buttercup" && !json.Valid([]byte(data)) {
			t.Fatal(id)
		}
		found := 0
		for _, row := range read(t, []byte(data), "").Rows {
			if row.Record == nil || row.Record.Title != "Shop" {
				continue
			}
			found++
			for _, path := range append(row.Record.Tags, row.Record.Folder) {
				if len(path) == 0 || len(path) > importer.MaxFolder {
					t.Errorf("%s: a path of %d bytes", id, len(path))
				}
			}
		}
		if found != 1 {
			t.Errorf("%s: %d entries", id, found)
		}
	}
}
