package vault

import "context"

// partItems is how many items are changed in one transaction: few enough that who saves meanwhile hardly waits, and many enough that
// bringing each on the disk is not what takes the time.
var partItems = 500

// mostParts bounds how many transactions that makes. Each of them hashes all that waits for the server, so that the time would grow with
// the square of the items.
const mostParts = 20

// part is a range of the items that are changed.
type part struct{ from, to int }

// inParts calls do for one part of the items after the other, each in a transaction of its own, which the store may try again. What do
// returns is called once the part is on the disk, and progress after it. An error, the end of the context or Close stops it; the parts
// before stay.
func (v *Vault) inParts(ctx context.Context, total int, progress func(done, total int), do func(e *editing, at part) (durable func(), err error)) error {
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	size := max(partItems, (total+mostParts-1)/mostParts)
	for from := 0; from < total; from += size {
		at := part{from, min(from+size, total)}
		var durable func()
		err := ctx.Err()
		if err == nil {
			err = v.edit(ctx, func(e *editing) (err error) {
				durable, err = do(e, at)
				return err
			})
		}
		if err != nil {
			return cause(ctx, err)
		}
		durable()
		if progress != nil {
			progress(at.to, total)
		}
	}
	return nil
}
