package processed

import (
	"context"
	"slices"

	"retrain/internal/dataset"
)

// RowHashes returns the canonical hashes of the block's rows over all columns
// in Document.Digested.
func (b *Block) RowHashes() []uint64 { return b.Batch.Hashes[0] }

// RowHashes streams the canonical hashes of a side's rows over each of some
// sets of columns, in the order in which Each yields the rows. Equal rows have
// equal hashes in every run. A column that is not in the data is an
// *IncompatibleError.
func (d *Data) RowHashes(ctx context.Context, side dataset.Side, sets [][]string, visit func(hashes [][]uint64)) error {
	var columns []string
	for _, name := range slices.Concat(sets...) {
		if d.file.Schema().Index(name) < 0 {
			return &IncompatibleError{name, "is not in the data"}
		}
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	file, err := d.openFiles(ctx, sets...)
	if err != nil {
		return explained(err)
	}
	return d.readFile(ctx, file, side, columns, func(b *dataset.Batch) error {
		visit(b.Hashes[1:])
		return nil
	})
}
