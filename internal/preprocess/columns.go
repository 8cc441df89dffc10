package preprocess

import (
	"fmt"
	"regexp"
	"slices"

	"retrain/internal/dataset"
)

// What a column is used for.
const (
	roleFeature = "feature"
	roleTarget  = "target"
	roleWeight  = "weight"
	roleGroup   = "group"
	roleTime    = "time"
	roleDropped = "dropped"
)

// describe gives every column its role; a column that cannot be learned from
// is dropped, with the reason.
func (j *job) describe() {
	j.columns = make([]Column, len(j.schema.Columns))
	for i := range j.schema.Columns {
		c := &j.schema.Columns[i]
		j.columns[i] = Column{Name: c.Name, Role: roleFeature, Kind: string(c.Kind), Missing: c.Missing, Distinct: c.Distinct}
		switch {
		case i == j.target:
			j.columns[i].Role = roleTarget
		case i == j.weight:
			j.columns[i].Role = roleWeight
		case c.Name == j.split.GroupColumn:
			j.columns[i].Role = roleGroup
		case c.Name == j.split.TimeColumn:
			j.columns[i].Role = roleTime
		default:
			if reason := unlearnable(c, j.schema.Rows); reason != "" {
				j.drop(i, reason)
			}
		}
	}
}

func (j *job) drop(i int, reason string) {
	j.columns[i].Role, j.columns[i].Reason = roleDropped, reason
	j.warn(fmt.Sprintf("column %q was dropped: %s", j.columns[i].Name, reason))
}

var idName = regexp.MustCompile(`(?i)^(id|uuid|guid|index|row|rowid|row_id|unnamed: 0)$|[_ -]id$|[a-z]I[dD]$`)

// An identifier is only told from a feature on enough rows.
const minRowsForIdentifier = 20

// A column is nearly empty with fewer values than minPresent, or in fewer than
// one row of a thousand; only enough rows tell.
const (
	minRowsForSparse = 1000
	minPresent       = 10
)

// unlearnable says why a column cannot be learned from, or "".
func unlearnable(c *dataset.Column, rows int64) string {
	present := rows - c.Missing
	unique := unique(c, present)
	switch {
	case c.Nested:
		return "it holds objects or lists"
	case c.Kind == dataset.Empty, c.Distinct == 0 && !c.Overflow:
		return "it has no values"
	case c.Name == dataset.HoldoutColumn:
		return "its name is the one under which the processed data marks the holdout"
	case rows >= minRowsForSparse && (present < minPresent || float64(present) < 0.001*float64(rows)):
		return fmt.Sprintf("it is nearly empty: %d of %d rows have a value", present, rows)
	case c.Distinct == 1 && c.Missing == 0:
		return "it is constant"
	case c.Overflow:
		return fmt.Sprintf("it has more than %d distinct texts, like an identifier or free text", len(c.Dict))
	case c.Kind == dataset.Text && unique:
		return "nearly every text in it is different, like an identifier"
	case c.Kind == dataset.Integer && present >= minRowsForIdentifier && consecutive(c, present):
		return "it numbers the rows"
	case c.Kind == dataset.Integer && (unique || c.Distinct > dataset.CountedNumbers) && idName.MatchString(c.Name):
		return "it looks like an identifier"
	}
	return ""
}

// unique reports whether nearly every value of a column is different.
func unique(c *dataset.Column, present int64) bool {
	return float64(c.Distinct) >= 0.95*float64(present) && present >= minRowsForIdentifier
}

// consecutive reports whether the column holds as many different whole numbers
// as there are rows, without a gap. Where counting them stopped, their range
// decides alone.
func consecutive(c *dataset.Column, present int64) bool {
	if c.Max-c.Min != float64(present-1) {
		return false
	}
	return int64(c.Distinct) == present || c.Distinct > dataset.CountedNumbers
}

// storedNames lists the columns that the processed data holds: all but those
// whose texts were too many to keep.
func (j *job) storedNames() []string {
	var names []string
	for i := range j.schema.Columns {
		if c := &j.schema.Columns[i]; !c.Overflow && c.Name != dataset.HoldoutColumn {
			names = append(names, c.Name)
		}
	}
	return names
}

// storedGroup returns the column of the groups, which train keeps together as
// well; "" if it could not be stored.
func (j *job) storedGroup() string {
	name := j.split.GroupColumn
	if name == "" || slices.Contains(j.storedNames(), name) {
		return name
	}
	j.warn(fmt.Sprintf("column %q has too many values to be stored: the split keeps its groups together, and early stopping, calibration, auto and searches do not", name))
	return ""
}

// storedTime returns the column of the times, by which train, too, tells who may
// judge whom; "" if the split does not go by time, or marks the holdout by its name.
func (j *job) storedTime() string {
	name := j.split.TimeColumn
	if name == "" || slices.Contains(j.storedNames(), name) {
		return name
	}
	return ""
}
