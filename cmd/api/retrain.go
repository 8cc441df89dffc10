package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"retrain/internal/api"
	"retrain/internal/fault"
	"retrain/internal/retrain"
)

// Run carries out a retraining. Its JSON document goes to stdout, be it a result
// or a problem; what a human wants to know goes to stderr.
func (c *retrainCommand) Run(s *surroundings) error {
	request, err := c.request()
	if err != nil {
		return usage{err}
	}
	s.common.defaultDataRoots(".," + s.common.Store)
	p := newProgress(s.stderr)
	steps, err := wire(s.common, hooks{p.begin, p.done})
	if err != nil {
		return err
	}
	result, err := steps.Retrain(s.ctx, request)
	p.end()
	if err != nil {
		return s.fail(err)
	}
	text, err := api.EncodeIndented(result)
	if err != nil {
		return s.fail(err)
	}
	summarize(s.stderr, &result)
	_, err = fmt.Fprintf(s.stdout, "%s\n", text)
	return err
}

// request builds the request from the flags by way of its JSON document, so that
// the command refuses what the route refuses.
func (c *retrainCommand) request() (retrain.Request, error) {
	params := c.Params
	if params == nil {
		params = jsonObject("{}")
	}
	body := map[string]any{"data_path": c.Data, "model_params": params}
	for name, value := range map[string]string{"target": c.Target, "model_name": c.Model, "task": c.Task, "run_id": c.RunID} {
		if value != "" {
			body[name] = value
		}
	}
	for name, value := range map[string]jsonObject{"gate": c.Gate, "split": c.Split} {
		if value != nil {
			body[name] = value
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return retrain.Request{}, err
	}
	request, err := api.DecodeRetrain(text)
	if err != nil {
		return request, fmt.Errorf("%s", explain(fault.From(err)))
	}
	return request, nil
}

// fail reports an error on both outputs.
func (s *surroundings) fail(err error) error {
	e := fault.From(err)
	fmt.Fprintf(s.stderr, "\n%s: %s\n", e.Kind.Info().Title, explain(e))
	if e.Kind == fault.Internal && e.Cause != nil {
		fmt.Fprintf(s.stderr, "Cause: %v\n", e.Cause)
	}
	fmt.Fprintf(s.stdout, "%s\n", fault.Document(e, "", ""))
	return errReported
}

// explain tells an error with its fields, under the names of the flags.
func explain(e *fault.Error) string {
	var b strings.Builder
	b.WriteString(e.Detail)
	for _, f := range e.Fields {
		if strings.Contains(e.Detail, f.Msg) {
			continue
		}
		fmt.Fprintf(&b, "\n  %s: %s", flagOf(f.Loc), f.Msg)
	}
	return b.String()
}

// flagNames are the flags by the names of the request's fields.
var flagNames = map[string]string{
	"data_path": "DATA", "model_params": "--params", "model_name": "--model", "target": "--target",
	"gate": "--gate", "split": "--split", "task": "--task", "run_id": "--run-id",
}

// flagOf writes a loc as the flag that it is about: --params max_iter.
func flagOf(loc []any) string {
	parts := make([]string, 0, len(loc))
	for i, part := range loc {
		text := fmt.Sprint(part)
		if i == 0 && text == "body" {
			continue
		}
		if flag, ok := flagNames[text]; ok && i == 1 {
			text = flag
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// summarize tells a reader what became of a retraining.
func summarize(to io.Writer, r *retrain.Result) {
	pre, fit, verdict := &r.Preprocess, &r.Train, &r.Evaluate
	fmt.Fprintf(to, "\nModel '%s' predicts %s (%s)\n\n", r.ModelName, pre.Target, pre.Task)
	fmt.Fprintf(to, "Data      %d rows read, %d rejected; %d to train on, %d held out to judge by\n",
		pre.Rows.Read, pre.Rows.Rejected, pre.Rows.Train, pre.Rows.Test)
	if pre.RejectedPath != "" {
		fmt.Fprintf(to, "          the rejected rows are listed in %s\n", pre.RejectedPath)
	}
	summarizeColumns(to, r)
	fmt.Fprintf(to, "Learner   %s, best iteration %d\n\n", fit.Algorithm, fit.BestIteration)
	scores(to, r)
	fmt.Fprintf(to, "\nVerdict   %s: %s\n", strings.ToUpper(verdict.Decision), verdict.Summary)
	for _, reason := range verdict.Reasons {
		mark := "failed"
		if reason.Passed {
			mark = "passed"
		}
		fmt.Fprintf(to, "          %s  %s %s: needs %s", mark, reason.Rule, reason.Metric, reason.Required)
		if reason.Difference != nil {
			fmt.Fprintf(to, "; is %+.4f", *reason.Difference)
		}
		if reason.CI != nil {
			fmt.Fprintf(to, " [%+.4f, %+.4f]", reason.CI[0], reason.CI[1])
		}
		fmt.Fprintln(to)
	}
	summarizeUpdate(to, r)
	for _, warning := range r.Warnings {
		fmt.Fprintf(to, "Warning   %s\n", warning)
	}
}

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

// scores prints a table: the primary metric first, then the others by name.
func scores(to io.Writer, r *retrain.Result) {
	e := &r.Evaluate
	names := slices.SortedFunc(maps.Keys(e.Metrics), func(a, b string) int {
		if a == e.Primary || b == e.Primary {
			return map[bool]int{true: -1, false: 1}[a == e.Primary]
		}
		return strings.Compare(a, b)
	})
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
