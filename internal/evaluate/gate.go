package evaluate

// Gate holds the settings that decide whether a challenger is promoted.
type Gate struct {
	Primary                string               `json:"primary"`
	Policy                 string               `json:"policy" enum:"superior,non_inferior,better"`
	Confidence             float64              `json:"confidence"`
	MinAbsoluteChange      float64              `json:"min_absolute_change"`
	MinRelativeChange      float64              `json:"min_relative_change"`
	Thresholds             map[string]Threshold `json:"thresholds"`
	Guardrails             map[string]Guardrail `json:"guardrails"`
	Slices                 []Slice              `json:"slices"`
	MustBeatBaseline       bool                 `json:"must_beat_baseline"`
	OnChampionIncompatible string               `json:"on_champion_incompatible" enum:"thresholds_only,keep"`
}

// Threshold bounds one of the challenger's scores.
type Threshold struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Guardrail bounds how much worse than the champion the challenger may be in a
// metric that is not the primary one, in the metric's own units.
type Guardrail struct {
	MaxDrop float64 `json:"max_drop"`
}

// Slice is a column whose every value's rows are compared by themselves.
type Slice struct {
	Column  string  `json:"column"`
	MinRows int     `json:"min_rows"`
	MaxDrop float64 `json:"max_drop"`
}
