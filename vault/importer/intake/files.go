package intake

import (
	"context"
	"crypto/sha256"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// fileKey is what two files have in common before their content is compared.
type fileKey struct {
	name string
	size int64
}

// sums are the contents of the files that are imported.
type sums map[fileKey][][sha256.Size]byte

func sumsOf(records []*importer.Record) sums {
	all := sums{}
	for _, record := range records {
		for _, f := range record.Files {
			key := fileKey{f.Name, f.Size}
			all[key] = append(all[key], f.Sum())
		}
	}
	return all
}

// describeFiles adds the files of items to what the planner sees of them. Only those are read that an imported one may be equal to.
func describeFiles(ctx context.Context, v *vault.Vault, existing []importer.Existing, with []int, imported sums, d *importer.Digester) error {
	for _, i := range with {
		item, err := id.Parse(existing[i].ID)
		if err != nil {
			return err
		}
		attached, err := v.Attachments(ctx, item)
		if err != nil {
			return err
		}
		for _, a := range attached {
			same, ok := imported[fileKey{a.Name, a.Size}]
			if !ok {
				continue
			}
			hash := sha256.New()
			if v.ReadAttachment(ctx, a.ID, hash, nil) == nil {
				same = [][sha256.Size]byte{[sha256.Size]byte(hash.Sum(nil))}
			}
			// Of one that is not on this PC the name and the size have to do.
			for _, sum := range same {
				existing[i].Files = append(existing[i].Files, d.File(a.Name, sum))
			}
		}
	}
	return ctx.Err()
}

// attach lists the files of an item of a batch.
func attach(item int, files []importer.File) (attached []vault.NewFile) {
	for _, f := range files {
		attached = append(attached, vault.NewFile{Item: item, Name: f.Name, Size: f.Size, Open: f.Open})
	}
	return attached
}
