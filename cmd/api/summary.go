package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"retrain/internal/evaluate"
	"retrain/internal/retrain"
	"retrain/internal/search"
	"retrain/internal/train"
)

// summarize tells a reader what became of a retraining.
func summarize(to io.Writer, r *retrain.Result) {
	pre, fit := &r.Preprocess, &r.Train
	fmt.Fprintf(to, "\nModel '%s' predicts %s (%s)\n\n", r.ModelName, pre.Target, pre.Task)
	fmt.Fprintf(to, "Data      %d rows read, %d rejected; %d to train on, %d held out to judge by\n",
		pre.Rows.Read, pre.Rows.Rejected, pre.Rows.Train, pre.Rows.Test)
	if pre.RejectedPath != "" {
		fmt.Fprintf(to, "          what was rejected, repaired or skipped is listed in %s\n", pre.RejectedPath)
	}
	summarizeColumns(to, r)
	fmt.Fprintf(to, "Learner   %s, best iteration %d\n", fit.Algorithm, fit.BestIteration)
	summarizeSelection(to, fit.Selection)
	summarizeSearch(to, fit.Leaderboard)
	fmt.Fprintln(to)
	scores(to, r)
	fmt.Fprintf(to, "\nVerdict   %s: %s\n", strings.ToUpper(r.Decision), r.Summary)
	for i := range r.Evaluate.Reasons {
		summarizeReason(to, &r.Evaluate.Reasons[i])
	}
	summarizeUpdate(to, r)
	for _, warning := range r.Warnings {
		fmt.Fprintf(to, "Warning   %s\n", warning)
	}
}

// summarizeSelection tells how auto has chosen, if it has.
func summarizeSelection(to io.Writer, s *train.Selection) {
	if s == nil {
		return
	}
	if len(s.Contestants) < 2 {
		fmt.Fprintf(to, "          %s\n", s.Reason)
		return
	}
	mine, other := s.Contestants[0], s.Contestants[1]
	fmt.Fprintf(to, "          chosen by %s of %d rows: %s %.4f against %.4f of %s\n",
		s.Method, s.Rows, s.Metric, mine.Value, other.Value, other.Algorithm)
	if mine.Value > other.Value {
		fmt.Fprintf(to, "          %s\n", s.Reason)
	}
}

// summarizeColumns tells which columns were not used, and why.
func summarizeColumns(to io.Writer, r *retrain.Result) {
	var used int
	var dropped []string
	for _, column := range r.Preprocess.Columns {
		switch column.Role {
		case "feature":
			used++
		case "dropped":
			dropped = append(dropped, fmt.Sprintf("          dropped: %s (%s)", column.Name, column.Reason))
		}
	}
	fmt.Fprintf(to, "Columns   %d to learn from\n", used)
	for _, line := range dropped {
		fmt.Fprintln(to, line)
	}
}

// shownCandidates is how many candidates of a search are listed.
const shownCandidates = 5

// summarizeSearch tells which candidates were the best, and what failed.
func summarizeSearch(to io.Writer, board []search.Standing) {
	for i, c := range board {
		params, _ := json.Marshal(c.Params) // it came out of JSON
		title := "          "
		if i == 0 {
			title = "Search    "
		}
		switch {
		case c.Validation == nil:
			fmt.Fprintf(to, "%sfailed: %s (%s)\n", title, params, c.Error)
		case i < shownCandidates:
			fmt.Fprintf(to, "%s%s %.5g ± %.2g: %s\n", title, c.Validation.Metric, c.Validation.Value, c.Validation.StandardError, params)
		case i == shownCandidates:
			fmt.Fprintf(to, "%s… of %d candidates; /evaluate's leaderboard has all\n", title, len(board))
		}
	}
}

// scores prints a table: the primary metric first, then the others by name.
func scores(to io.Writer, r *retrain.Result) {
	e := &r.Evaluate
	names := []string{e.Primary}
	for _, name := range slices.Sorted(maps.Keys(e.Metrics)) {
		if name != e.Primary {
			names = append(names, name)
		}
	}
	columns := []map[string]*float64{e.Metrics}
	fmt.Fprintf(to, "%-20s%14s", "", "challenger")
	if e.Champion != nil {
		columns = append(columns, e.Champion.Metrics)
		fmt.Fprintf(to, "%14s", fmt.Sprintf("champion v%d", e.Champion.Version))
	}
	for _, baseline := range slices.Sorted(maps.Keys(r.Train.Baselines)) {
		columns = append(columns, r.Train.Baselines[baseline])
		fmt.Fprintf(to, "%14s", baseline)
	}
	fmt.Fprintln(to)
	for _, name := range names {
		fmt.Fprintf(to, "%-20s", name)
		for _, column := range columns {
			fmt.Fprintf(to, "%14s", figure(column[name]))
		}
		fmt.Fprintln(to)
	}
}

func figure(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.4f", *x)
}

// summarizeReason tells how one rule of the gate came out.
func summarizeReason(to io.Writer, reason *evaluate.Reason) {
	mark := "failed"
	if reason.Passed {
		mark = "passed"
	}
	fmt.Fprintf(to, "          %s  %s: needs %s", mark, strings.TrimSpace(reason.Rule+" "+reason.Metric), reason.Required)
	if reason.Difference != nil {
		fmt.Fprintf(to, "; is %+.4f", *reason.Difference)
	}
	if reason.CI != nil {
		fmt.Fprintf(to, " [%+.4f, %+.4f]", reason.CI[0], reason.CI[1])
	}
	fmt.Fprintln(to)
}

// summarizeUpdate tells which version serves after all.
func summarizeUpdate(to io.Writer, r *retrain.Result) {
	u := &r.UpdateModel
	switch {
	case r.Updated && u.AlreadyCurrent:
		fmt.Fprintf(to, "Champion  version %d serves already: %s\n", *u.Version, u.ModelURI)
	case r.Updated:
		fmt.Fprintf(to, "Champion  version %d serves now: %s\n", *u.Version, u.ModelURI)
	case r.Version != nil:
		fmt.Fprintf(to, "Champion  version %d goes on serving\n", *r.Version)
	default:
		fmt.Fprintln(to, "Champion  there is none yet")
	}
}
