package preprocess_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
)

// heavy adds a column of weights to a table of n rows.
func heavy(n int, weight func(row int) string) string {
	lines := strings.Split(strings.TrimSpace(table(n)), "\n")
	lines[0] += ",w"
	for i := range lines[1:] {
		lines[i+1] += "," + weight(i)
	}
	return strings.Join(lines, "\n") + "\n"
}

func weighing(column string) preprocess.Request {
	req := request()
	req.SampleWeight = column
	return req
}

func TestWeightsAreNoFeatureAndMoveNoRow(t *testing.T) {
	var sides [][]string
	var recipes []model.Recipe
	for _, weight := range []func(int) string{func(int) string { return "2" }, func(row int) string { return fmt.Sprintf("%d.5", row%7) }} {
		b := newBench()
		b.put(t, heavy(500, weight))
		r := b.run(t, weighing("w"))
		if at := slices.IndexFunc(r.Columns, func(c preprocess.Column) bool { return c.Name == "w" }); r.Columns[at].Role != "weight" {
			t.Errorf("role %q", r.Columns[at].Role)
		}
		if r.SampleWeight != "w" || len(r.Leaks) > 0 {
			t.Errorf("weights of %q, leaks %v", r.SampleWeight, r.Leaks)
		}
		d := b.open(t, r)
		if len(d.Recipe.Features) != 2 || d.SampleWeight != "w" {
			t.Errorf("%d features, weights of %q", len(d.Recipe.Features), d.SampleWeight)
		}
		sides, recipes = append(sides, rowsOf(t, d, dataset.Holdout)), append(recipes, d.Recipe)
	}
	if diff := cmp.Diff(sides[0], sides[1]); diff != "" {
		t.Errorf("the holdout follows the weights: %s", diff)
	}
	if diff := cmp.Diff(recipes[0], recipes[1]); diff != "" {
		t.Errorf("the recipe follows the weights: %s", diff)
	}
}

// Both ways to name the column, and both ways to read the data, come to the same.
func TestRowsThatCannotBeWeighedAreRejected(t *testing.T) {
	bad := map[int]string{3: "-1", 70: "", 71: "1e39", 200: "-0.5"}
	text := heavy(1000, func(row int) string {
		if cell, ok := bad[row]; ok {
			return cell
		}
		return map[bool]string{true: "0", false: "1.5"}[row%10 == 5]
	})
	byTime := strings.ReplaceAll(text, "x,colour", "time,colour")
	for name, req := range map[string]preprocess.Request{
		"field": weighing("w"),
		"param": {DataPath: "s3://data/d.csv", Target: "y", ModelParams: map[string]any{"target": nil, "sample_weight": "w", "weight_column": "w"}},
		"time":  {DataPath: "s3://data/d.csv", Target: "y", ModelParams: map[string]any{}, SampleWeight: "w", Split: map[string]any{"time_column": "time"}},
	} {
		b := newBench()
		b.put(t, map[bool]string{true: byTime, false: text}[name == "time"])
		r := b.run(t, req)
		if r.Rows.Rejected != 4 || r.Rows.Used != 896 || r.ModelParams["sample_weight"] != nil {
			t.Errorf("%s: %+v, %v", name, r.Rows, r.ModelParams)
		}
		if !slices.Contains(r.Warnings, "100 of 1000 rows have the weight 0 and were left out") {
			t.Errorf("%s: warnings %q", name, r.Warnings)
		}
		zero := 0.0
		req.MaxBadRowFraction = &zero
		_, err := b.Run(context.Background(), req)
		told := fmt.Sprint(fault.From(err).Fields)
		for _, want := range []string{"line 5", "the weight is negative", "line 72", "the weight is missing", "line 73", "not finite"} {
			if !strings.Contains(told, want) {
				t.Errorf("%s: %q is not in %s", name, want, told)
			}
		}
	}
}

func TestColumnsThatAreNoWeightsAreRefused(t *testing.T) {
	b := newBench()
	b.put(t, heavy(100, func(int) string { return "1" }))
	group := weighing("w")
	group.Split = map[string]any{"group_column": "w"}
	twice := weighing("w")
	twice.ModelParams = map[string]any{"weight_column": "x"}
	number := weighing("w")
	number.ModelParams = map[string]any{"sample_weight": 3.0}
	for name, c := range map[string]struct {
		req  preprocess.Request
		kind fault.Kind
	}{
		"none such":        {weighing("v"), fault.InvalidData},
		"text":             {weighing("colour"), fault.InvalidData},
		"the target":       {weighing("y"), fault.InvalidRequest},
		"the group":        {group, fault.InvalidRequest},
		"two of them":      {twice, fault.InvalidRequest},
		"a number as name": {number, fault.InvalidRequest},
	} {
		if _, err := b.Run(context.Background(), c.req); !fault.Is(err, c.kind) || len(fault.From(err).Fields) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
