package train

import (
	"context"

	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/rowset"
)

// learn streams the training side into a learner. The first pass also takes
// down which rows they are, so that a later evaluation can tell which of its
// holdout this model was trained on.
func (j *job) learn(ctx context.Context, visit func(*processed.Block)) error {
	if j.rows != nil {
		return j.data.Learn(ctx, visit)
	}
	rows := rowset.NewBuilder()
	err := j.data.Learn(ctx, func(b *processed.Block) {
		rows.Add(b.RowHashes()...)
		visit(b)
	})
	if err == nil {
		j.rows = rows
	}
	return err
}

// trainedRows is what the challenger's version carries of its training rows.
func (j *job) trainedRows() (modelstore.Attachment, error) {
	file, err := j.rows.Build(j.data.Digested).Encode()
	return modelstore.Attachment{Name: modelstore.TrainedRows, Data: file}, err
}
