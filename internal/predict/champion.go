package predict

import (
	"context"
	"strconv"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
)

// champion is a model that is ready to score. It never changes.
type champion struct {
	name    string
	version int64
	digest  string
	model   *model.Model
	columns []model.Column
	classes []any          // the labels as they are answered; nil for regression
	column  map[string]int // where in columns a name is
}

// load reads the model that a pointer names: the store checks its digest, the
// golden rows that it scores as when it was trained. A champion without its
// files is damaged, and not the same as none.
func load(ctx context.Context, store *modelstore.Store, pointer *modelstore.Champion) (*champion, error) {
	v, err := store.Load(ctx, pointer.ModelName, pointer.Digest)
	if fault.Is(err, fault.DataNotFound) {
		return nil, fault.Wrap(fault.InvalidData, err, "The champion's files are not in the store.")
	}
	if err != nil {
		return nil, err
	}
	if err := modelstore.CheckGolden(v.Model, v.Manifest); err != nil {
		return nil, err
	}
	m, err := onnx.Decode(v.Model)
	if err != nil {
		return nil, err
	}
	return newChampion(pointer, m), nil
}

func newChampion(pointer *modelstore.Champion, m *model.Model) *champion {
	c := &champion{
		name: pointer.ModelName, version: pointer.Generation, digest: pointer.Digest,
		model: m, columns: m.Columns(), column: make(map[string]int, len(m.Features)),
	}
	for _, label := range m.Classes {
		c.classes = append(c.classes, shownLabel(label, m.IntLabels))
	}
	for k := range c.columns {
		c.column[c.columns[k].Name] = k
	}
	return c
}

// encode writes a value of column k, as a feature of it takes it, into the row.
func (c *champion) encode(row []float64, k int, x float64) { c.model.Encode(row, c.columns[k], x) }

// first returns the first feature of column k, which says what values it takes.
func (c *champion) first(k int) *model.Feature { return &c.model.Features[c.columns[k].First] }

// shownLabel returns a label as it is answered. Recipe.Check has made sure that
// integers are some.
func shownLabel(label string, integer bool) any {
	if integer {
		if n, err := strconv.ParseInt(label, 10, 64); err == nil {
			return n
		}
	}
	return label
}

// as returns the same model under another version of the history, after a
// rollback or a repeated promotion.
func (c *champion) as(version int64) *champion {
	again := *c
	again.version = version
	return &again
}

// rowLimit is how many rows may be scored in one request.
func (c *champion) rowLimit() int {
	return max(1, min(maxRows, maxCells/len(c.model.Features), maxOutputs/c.model.Outputs()))
}
