package preprocess

import (
	"testing"

	"retrain/internal/dataset"
)

// Groups that cannot be stored are told of: train cannot keep them together.
func TestStoredGroup(t *testing.T) {
	for _, overflow := range []bool{false, true} {
		j := &job{split: Split{GroupColumn: "g"}, schema: &dataset.Schema{Columns: []dataset.Column{{Name: "g", Overflow: overflow}}}}
		if name := j.storedGroup(); (name == "") != overflow || (len(j.warnings) == 1) != overflow {
			t.Errorf("overflow %t: the group column is %q, warnings %q", overflow, name, j.warnings)
		}
	}
}
