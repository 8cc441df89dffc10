// Package report writes an evaluation as one self-contained HTML page: the
// verdict and its reasons first, then how challenger and champion compare, and
// at last what both were made from.
//
// It draws what it is given and computes no score: the numbers are those of the
// evaluation. A page has no script and asks nobody for anything, and whatever
// names and labels it is given are escaped. The same report gives the same
// bytes. The package knows neither how models are compared nor where pages are
// kept.
package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"sync"

	"retrain/internal/explain"
	"retrain/internal/metric"
)

// Report is all that a page shows. Parts that are nil or empty are left out, or
// the page says why they are missing.
type Report struct {
	ModelName, Target, Task string

	Decision string // promote, keep, bootstrap or champion_incompatible
	Passed   bool   // whether the challenger is to become champion
	Summary  string
	Rules    []Rule
	Warnings []string

	Primary    string  // the metric that decides
	Confidence float64 // of all intervals but those of the calibration
	Champion   string  // what to call the champion, such as "version 3"; "" if there is none
	// Incompatible says why the champion could not be scored; or "".
	Incompatible string
	Scores       []Score // in the order in which they are shown

	Classes *Classes // of a classification
	Values  *Values  // of a regression

	Importances []Importance // of the columns, the first the largest
	Permuted    *explain.Importances
	Dependences []explain.Dependence
	Slices      []Slice
	Drift       []Drift     // of the new data from the champion's; alarms first
	Candidates  []Candidate // of the search that chose the parameters; the best first
	// DriftUnknown says why there is no Drift although there is a champion; or "".
	DriftUnknown string
	Data         Data
	Lineage      []Fact
	Params       []Fact
}

// Rule is one rule of the gate.
type Rule struct {
	Name, Metric string
	Needed       string
	Found        *Found // nil where the rule is about no number
	Passed       bool
}

// Found is what a rule looked at.
type Found struct {
	Score      *float64 // the challenger's
	Difference *float64 // challenger - champion
	CI         *metric.Interval
}

// Score is a metric of both models.
type Score struct {
	Metric     string
	Challenger *float64         // nil if undefined
	Own        *metric.Interval // of Challenger
	Champion   *float64         // nil if undefined, or if there is no champion
	Difference *metric.Comparison
	Baselines  []Baseline
	Undefined  string // why the challenger has no value
}

// Baseline is a score of a model that any other should beat.
type Baseline struct {
	Name  string
	Score float64
}

// Classes is how a classification did in detail. Champion is nil if there is
// none to compare with.
type Classes struct {
	Names      []string // of the classes
	Challenger Answers
	Champion   *Answers
	// Each holds the challenger's curves of some classes, each against the rest;
	// nil for two classes.
	Each []ClassCurves
}

// ClassCurves are the curves of one class against all others.
type ClassCurves struct {
	Class                int            // an index of Names
	ROC, PrecisionRecall []metric.Point // nil where they are undefined
}

// Answers is what one model's answers look like.
type Answers struct {
	// ROC and PrecisionRecall are of class 1 of two; nil for more.
	ROC, PrecisionRecall []metric.Point
	Calibration          []metric.Calibration
	Confusion            [][]int64 // as metric.Confusion returns it
	// Calibrated says how the probabilities were calibrated: sigmoid, isotonic;
	// "" is not at all. Threshold is the probability above which class 1 of two is
	// answered; 0 is one half.
	Calibrated string
	Threshold  float64
}

// Values is how a regression did in detail: both slices have an entry for the
// challenger, and one for the champion if there is one to compare with.
type Values struct {
	Errors  []metric.Histogram
	Against []*metric.Grid
}

// Importance is what a column is to the challenger.
type Importance struct {
	Column string
	Share  float64             // its part in the model, of 1
	Drop   *explain.Importance // nil if it was not measured
}

// Candidate is one set of parameters that a search has tried.
type Candidate struct {
	Rank          int    // from 1; 0 if it failed
	Params        []Fact // that the search chose
	Metric        string // what Loss is
	Loss          *float64
	StandardError float64
	Iterations    int64
	Seconds       float64
	Chosen        bool
	Error         string // why there is no Loss
}

// Slice is how both models did on the rows of one value of a column.
type Slice struct {
	Column, Value        string
	Rows                 int64
	Challenger, Champion *float64
	MaxDrop              float64
	Passed               bool
}

// Drift is how far a column has moved since the champion was trained.
type Drift struct {
	Column     string
	Level      string  // stable, some, strong, missing, retyped or new
	PSI, Floor float64 // the population stability index, and what is noise
	Target     bool
}

// Alarm reports whether the column is told apart from the others.
func (d Drift) Alarm() bool { return d.Level != "stable" }

// Compared reports whether there is an index.
func (d Drift) Compared() bool { return d.Floor > 0 }

// Data is what became of the rows and columns that were read.
type Data struct {
	Rows    []Fact
	Columns []Column
	More    int64 // columns that are not shown; filled by HTML
}

// Column is one column of the data.
type Column struct {
	Name, Role, Kind string
	Missing          float64 // share of the rows
	Distinct         int64
	Reason           string // why it was dropped
}

// Fact is a value with its name.
type Fact struct{ Name, Value string }

//go:embed page.html
var pageText string

//go:embed page.css
var style string

// page is parsed when the first report is made: a process that makes none starts
// without it.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(functions).Parse(pageText))
})

var functions = template.FuncMap{
	"style":     func() template.CSS { return template.CSS(style) },
	"metric":    metricName,
	"lower":     func(name string) bool { return !metric.HigherIsBetter(name) },
	"score":     scoreText,
	"number":    number,
	"stability": stabilityText,
	"signed":    signedNumber,
	"interval":  intervalText,
	"gap":       gapText,
	"count":     Count,
	"percent":   percent,
	"rule":      ruleName,
	"role":      roleText,
	"verdict":   verdictText,
	"level":     levelText,
}

// HTML returns the page.
func (r *Report) HTML() ([]byte, error) {
	var out bytes.Buffer
	err := page().Execute(&out, r.limited())
	return out.Bytes(), err
}
