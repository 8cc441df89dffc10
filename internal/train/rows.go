package train

import (
	"context"

	"retrain/internal/drift"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/rowset"
)

// learn streams the training side into a learner. The first pass also takes
// down which rows they are, so that a later evaluation can tell which of its
// holdout this model was trained on, and how the columns are spread. A candidate
// of a search does not learn from the rows that judge it, and needs no such notes.
func (j *job) learn(ctx context.Context, visit func(*processed.Block)) error {
	if j.req.ValidateOn > 0 {
		return j.data.Learn(ctx, j.part(false, visit))
	}
	if j.rows != nil {
		return j.data.Learn(ctx, visit)
	}
	totals := newTotals(&j.data.Recipe)
	rows, sample := rowset.NewBuilder(), drift.NewSampler(&j.data.Recipe, j.data.Train.Rows)
	err := j.data.Learn(ctx, func(b *processed.Block) {
		rows.Add(b.RowHashes()...)
		sample.Add(b.X, b.Y)
		totals.add(b)
		visit(b)
	})
	if err == nil {
		j.rows, j.sample, j.totals = rows, sample, totals
	}
	return err
}

// profile is what the challenger's version carries of how its training data is
// spread, so that a later evaluation can tell whether new data is still like it.
func (j *job) profile() (modelstore.Attachment, error) {
	file, err := j.sample.Profile().Encode()
	return modelstore.Attachment{Name: modelstore.DataProfile, Data: file}, err
}

// trainedRows is what the challenger's version carries of its training rows.
func (j *job) trainedRows() (modelstore.Attachment, error) {
	file, err := j.rows.Build(j.data.Digested).Encode()
	return modelstore.Attachment{Name: modelstore.TrainedRows, Data: file}, err
}
