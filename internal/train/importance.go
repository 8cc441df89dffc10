package train

import (
	"cmp"
	"slices"

	"retrain/internal/model"
)

// maxImportances bounds the answer; the model file holds all.
const maxImportances = 50

// importances ranks the features, largest first.
func importances(m *model.Model) []Importance {
	list := []Importance{}
	for i, share := range m.Importance() {
		if share > 0 {
			list = append(list, Importance{m.Features[i].Name, share})
		}
	}
	slices.SortStableFunc(list, func(a, b Importance) int { return cmp.Compare(b.Share, a.Share) })
	return list[:min(len(list), maxImportances)]
}
