package processed

// Leak is a reason to suspect that a model will look better in the comparison
// than it will be in use.
type Leak struct {
	Column string  `json:"column,omitempty" doc:"The column; absent for duplicated rows"`
	Kind   string  `json:"kind" enum:"copy,predicts_alone,identifier,duplicated_rows"`
	Score  float64 `json:"score" doc:"How well the column predicts the target by itself: 1 perfectly, 0 not at all (Gini coefficient; errors avoided; R² of the ranks). Of duplicated rows: their share of the holdout"`
	Detail string  `json:"detail" doc:"The same in a sentence"`
}

// The kinds of leaks.
const (
	LeakCopy       = "copy"            // its values and the target's go together one to one
	LeakPredicts   = "predicts_alone"  // it predicts the target almost perfectly
	LeakIdentifier = "identifier"      // it tells rows apart, not kinds of rows
	LeakDuplicates = "duplicated_rows" // holdout rows that were also trained on
)

// Conflicts counts rows that are alike in all columns that describe them, but
// not in their label.
type Conflicts struct {
	Rows         int64   `json:"rows" doc:"About how many rows are alike with one of another label"`
	Fraction     float64 `json:"fraction" doc:"The same as a share of all rows"`
	BestAccuracy float64 `json:"best_accuracy" doc:"The accuracy that no model can exceed on these rows, for which equal features mean equal answers"`
}
