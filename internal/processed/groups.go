package processed

import (
	"context"

	"retrain/internal/dataset"
)

// MaxGroups bounds how many values of a column Groups tells apart.
const MaxGroups = 100

// Groups tells for each row of a side which value a column has: an index into
// names, which are in the order of their first row. Missing is the name "". A
// column that is not in the data, or has more than MaxGroups values, is an
// *IncompatibleError. Memory: four bytes a row.
func (d *Data) Groups(ctx context.Context, side dataset.Side, column string) (index []int32, names []string, err error) {
	if d.file.Schema().Index(column) < 0 {
		return nil, nil, &IncompatibleError{column, "is not in the data"}
	}
	known := map[string]int32{}
	err = d.read(ctx, side, []string{column}, func(b *dataset.Batch) error {
		for r := range b.Rows {
			name := text(&b.Columns[0], r)
			at, seen := known[name]
			if !seen {
				if len(names) == MaxGroups {
					return &IncompatibleError{column, "has too many different values"}
				}
				at = int32(len(names))
				known[name], names = at, append(names, name)
			}
			index = append(index, at)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return index, names, nil
}

// text returns a cell as it is shown, "" if it is missing.
func text(v *dataset.Values, r int) string {
	switch {
	case v.Kind == dataset.Text && v.Codes[r] >= 0:
		return v.Dict[v.Codes[r]]
	case v.Kind != dataset.Text && v.Numbers[r] == v.Numbers[r]:
		return numberText(v.Kind, v.Numbers[r])
	}
	return ""
}

// numberText shows a value that is held as a number.
func numberText(kind dataset.Kind, x float64) string {
	switch kind {
	case dataset.Boolean:
		return dataset.BooleanText(x != 0)
	case dataset.Time:
		return dataset.TimeText(x)
	}
	return Label(x)
}
