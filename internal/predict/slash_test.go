package predict

import (
	"testing"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// A date with slashes means what it meant in the training data, and nothing if
// that had none.
func TestDatesWithSlashesAreReadAsTrained(t *testing.T) {
	for order, want := range map[string]string{"": "", model.DayFirst: "2024-02-01", model.MonthFirst: "2024-01-02"} {
		f := &model.Feature{Name: "d", Kind: model.Number, Part: model.Epoch, Slashes: order, Scale: 1}
		seconds, bad := value(f, "01/02/2024")
		switch {
		case want == "" && bad != noTime:
			t.Errorf("%q: got %v", order, seconds)
		case want != "" && (bad != trouble{} || dataset.TimeText(seconds) != want):
			t.Errorf("%q: got %s, %+v", order, dataset.TimeText(seconds), bad)
		}
	}
}
