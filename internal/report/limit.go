package report

import (
	"fmt"
	"slices"
)

// A page stays below a few hundred kilobytes, whatever the data: it has to get
// through a Lambda function, and to be read. So lists end after so many
// entries, and names and texts after so many characters.
const (
	maxColumns  = 300
	maxWarnings = 40
	maxRules    = 60
	maxSlices   = 100
	maxFacts    = 80

	maxDependences = 12
	maxName        = 120
	maxText        = 600
)

// limited returns the report as it is shown.
func (r *Report) limited() *Report {
	l := *r
	for _, text := range []*string{&l.ModelName, &l.Target} {
		*text = clip(*text, maxName)
	}
	for _, text := range []*string{&l.Summary, &l.Incompatible} {
		*text = clip(*text, maxText)
	}
	l.Rules = someOf(r.Rules, maxRules, func(rule *Rule) { rule.Needed = clip(rule.Needed, maxText) })
	l.Warnings = someOf(r.Warnings, maxWarnings, func(text *string) { *text = clip(*text, maxText) })
	if more := len(r.Warnings) - maxWarnings; more > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf("and %s more, which the steps' answers hold", Count(int64(more))))
	}
	l.Importances = someOf(r.Importances, maxFacts, func(i *Importance) { i.Column = clip(i.Column, maxName) })
	l.Dependences = r.Dependences[:min(len(r.Dependences), maxDependences)]
	l.Slices = someOf(r.Slices, maxSlices, func(s *Slice) { s.Column, s.Value = clip(s.Column, maxName), clip(s.Value, maxName) })
	l.Candidates = someOf(r.Candidates, maxSlices, func(c *Candidate) {
		c.Params = someOf(c.Params, maxFacts, func(f *Fact) { f.Name, f.Value = clip(f.Name, maxName), clip(f.Value, maxName) })
	})
	l.Drift = someOf(r.Drift, maxSlices, func(d *Drift) { d.Column = clip(d.Column, maxName) })
	l.Data.Columns = someOf(r.Data.Columns, maxColumns, func(c *Column) { c.Name, c.Reason = clip(c.Name, maxName), clip(c.Reason, maxText) })
	l.Data.More = int64(max(0, len(r.Data.Columns)-maxColumns))
	fact := func(f *Fact) { f.Name, f.Value = clip(f.Name, maxName), clip(f.Value, maxText) }
	l.Lineage, l.Params = someOf(r.Lineage, maxFacts, fact), someOf(r.Params, maxFacts, fact)
	if r.Classes != nil {
		classes := *r.Classes
		classes.Names = someOf(classes.Names, len(classes.Names), func(name *string) { *name = clip(*name, maxName) })
		l.Classes = &classes
	}
	return &l
}

// someOf copies the first entries of a list and shortens each.
func someOf[T any](list []T, most int, shorten func(*T)) []T {
	list = slices.Clone(list[:min(len(list), most)])
	for i := range list {
		shorten(&list[i])
	}
	return list
}
