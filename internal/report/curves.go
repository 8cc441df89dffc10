package report

import (
	"fmt"
	"strings"

	"retrain/internal/metric"
)

// Charts returns the drawings of the models' answers, for the template.
func (r *Report) Charts() []*chart {
	var charts []*chart
	if c := r.Classes; c != nil {
		if len(c.Challenger.ROC) > 0 {
			charts = append(charts, r.roc())
		}
		if len(c.Challenger.PrecisionRecall) > 0 {
			charts = append(charts, r.precisionRecall())
		}
		if len(c.Each) > 0 {
			charts = append(charts, r.eachROC(), r.eachPrecisionRecall())
		}
		if len(c.Challenger.Calibration) > 0 {
			charts = append(charts, r.calibration())
		}
	}
	if v := r.Values; v != nil {
		if len(v.Errors) > 0 {
			charts = append(charts, r.errors())
		}
		for i, g := range v.Against {
			if g != nil {
				charts = append(charts, r.against(i, g))
			}
		}
	}
	return numbered(charts)
}

// answers returns both models' answers, the champion's first: the challenger
// is painted over it.
func (c *Classes) answers() (classes []string, all []*Answers) {
	if c.Champion != nil {
		classes, all = append(classes, "champion"), append(all, c.Champion)
	}
	return append(classes, "challenger"), append(all, &c.Challenger)
}

func (r *Report) roc() *chart {
	x, y := across(unit), up(unit)
	c := framed("ROC curve", x, y, "False positive rate", "True positive rate")
	c.Description = r.spoken("The true positive rate over the false positive rate", metric.ROCAUC)
	c.line("reference", x.at(0), y.at(0), x.at(1), y.at(1))
	classes, all := r.Classes.answers()
	for i, a := range all {
		c.path("curve "+classes[i], rocLine(x, y, a.ROC))
	}
	c.Legend = append(r.legend(len(all) > 1), entry{"reference", "Chance"})
	return c
}

func rocLine(x, y axis, curve []metric.Point) string {
	var d strings.Builder
	for n, p := range curve {
		fmt.Fprintf(&d, "%s%s %s", pen(n), place(x.at(p.X)), place(y.at(p.Y)))
	}
	return d.String()
}

func (r *Report) precisionRecall() *chart {
	x, y := across(unit), up(unit)
	c := framed("Precision and recall", x, y, "Recall", "Precision")
	c.Description = r.spoken("Precision over recall", metric.AveragePrecision)
	classes, all := r.Classes.answers()
	for i, a := range all {
		if len(a.PrecisionRecall) > 0 {
			c.path("curve "+classes[i], recallLine(x, y, a.PrecisionRecall))
		}
	}
	share := r.Classes.positives()
	c.line("reference", x.at(0), y.at(share), x.at(1), y.at(share))
	c.Legend = append(r.legend(len(all) > 1), entry{"reference", "Share of " + clip(r.Classes.Names[1], 24) + " rows"})
	return c
}

// recallLine is drawn in steps: a point's precision holds from the recall
// before it.
func recallLine(x, y axis, curve []metric.Point) string {
	var d strings.Builder
	fmt.Fprintf(&d, "M%s %s", place(x.at(0)), place(y.at(curve[0].Y)))
	for _, p := range curve {
		fmt.Fprintf(&d, "V%sH%s", place(y.at(p.Y)), place(x.at(p.X)))
	}
	return d.String()
}

// eachROC draws the challenger's curves of several classes.
func (r *Report) eachROC() *chart {
	x, y := across(unit), up(unit)
	c := framed("ROC curves, each class", x, y, "False positive rate", "True positive rate")
	c.Description = r.spoken("The challenger's true positive rate over its false positive rate, for each class against the rest", metric.ROCAUC)
	c.line("reference", x.at(0), y.at(0), x.at(1), y.at(1))
	for i, e := range r.Classes.Each {
		if len(e.ROC) > 0 {
			c.path("curve "+classLook(i), rocLine(x, y, e.ROC))
		}
	}
	c.Legend = append(r.eachLegend(), entry{"reference", "Chance"})
	return c
}

// eachPrecisionRecall is eachROC for precision and recall.
func (r *Report) eachPrecisionRecall() *chart {
	x, y := across(unit), up(unit)
	c := framed("Precision and recall, each class", x, y, "Recall", "Precision")
	c.Description = "The challenger's precision over its recall, for each class against the rest."
	for i, e := range r.Classes.Each {
		if len(e.PrecisionRecall) > 0 {
			c.path("curve "+classLook(i), recallLine(x, y, e.PrecisionRecall))
		}
	}
	c.Legend = r.eachLegend()
	return c
}

func (r *Report) eachLegend() []entry {
	var names []string
	for _, e := range r.Classes.Each {
		names = append(names, r.Classes.Names[e.Class])
	}
	return classLegend(names)
}

// positives is the share of class 1 in the holdout.
func (c *Classes) positives() float64 {
	positives, rows := int64(0), int64(0)
	for k, row := range c.Challenger.Confusion {
		for _, n := range row {
			rows += n
			if k == 1 {
				positives += n
			}
		}
	}
	return float64(positives) / float64(max(rows, 1))
}

func (r *Report) calibration() *chart {
	x, y := across(unit), up(unit)
	title, name := "Calibration", "Predicted probability"
	if len(r.Classes.Names) > 2 {
		title, name = "Calibration of the label", "Probability of the predicted label"
	}
	if how := r.Classes.Challenger.Calibrated; how != "" {
		title += " (challenger: " + how + ")"
	}
	c := framed(title, x, y, name, "Came true")
	c.Description = "How often a prediction came true, over the probability that the model gave it; on the diagonal both agree."
	c.line("reference", x.at(0), y.at(0), x.at(1), y.at(1))
	classes, all := r.Classes.answers()
	for i, a := range all {
		var line, dots, reach strings.Builder
		for n, b := range a.Calibration {
			px, py := x.at(b.Expected), y.at(b.Observed)
			fmt.Fprintf(&line, "%s%s %s", pen(n), place(px), place(py))
			if classes[i] == "challenger" {
				fmt.Fprintf(&reach, "M%s %sV%s", place(px), place(y.at(b.Interval.Low)), place(y.at(b.Interval.High)))
				dots.WriteString(disc(px, py, 3.5))
			} else {
				dots.WriteString(diamond(px, py, 4))
			}
		}
		c.path("curve thin "+classes[i], line.String())
		if reach.Len() > 0 {
			c.path("whisker "+classes[i], reach.String())
		}
		c.path("dot "+classes[i], dots.String())
	}
	c.Legend = append(r.legend(len(all) > 1), entry{"reference", "Perfect"})
	return c
}

// pen is the command that begins a path, or goes on with it.
func pen(n int) string {
	if n == 0 {
		return "M"
	}
	return "L"
}

// spoken describes a chart to those who cannot see it, by both models' scores.
func (r *Report) spoken(what, name string) string {
	for _, s := range r.Scores {
		if s.Metric != name || s.Challenger == nil {
			continue
		}
		what += fmt.Sprintf(". %s: challenger %s", metricName(name), number(*s.Challenger))
		if s.Champion != nil {
			what += ", champion " + number(*s.Champion)
		}
	}
	return what + "."
}

// clip shortens a label to so many characters.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
