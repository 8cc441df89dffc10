package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/explain"
	"retrain/internal/metric"
)

var update = flag.Bool("update", false, "write the golden page anew")

func ptr(x float64) *float64 { return &x }

// binary is a report of everything that a binary task has; text stands for
// whatever comes from callers and their data.
func binary(text string) *Report {
	answers := func(shift float64) Answers {
		return Answers{
			ROC: []metric.Point{{X: 0, Y: 0}, {X: 0.2, Y: 0.7 + shift}, {X: 1, Y: 1}}, PrecisionRecall: []metric.Point{{X: 0.5, Y: 0.9 + shift}, {X: 1, Y: 0.4}},
			Calibration: []metric.Calibration{{Rows: 50, Expected: 0.2, Observed: 0.25 + shift, Interval: metric.Interval{Low: 0.15, High: 0.4}}, {Rows: 50, Expected: 0.8, Observed: 0.7, Interval: metric.Interval{Low: 0.6, High: 0.8}}},
			Confusion:   [][]int64{{55, 5}, {10, 30}, {0, 0}},
		}
	}
	mine, theirs := answers(0), answers(-0.05)
	mine.Calibrated, mine.Threshold = "isotonic", 0.375
	return &Report{
		ModelName: text, Target: text, Task: "binary", Decision: "keep", Summary: text,
		Rules: []Rule{
			{Name: "superior", Metric: metric.Accuracy, Needed: text, Found: &Found{Score: ptr(0.85), Difference: ptr(0.01), CI: &metric.Interval{Low: -0.01, High: 0.03}}},
			{Name: "threshold", Metric: metric.ROCAUC, Needed: "at least 0.8", Found: &Found{Score: ptr(0.9)}, Passed: true},
			{Name: "slice", Metric: metric.Accuracy, Needed: text},
		},
		Warnings: []string{text}, Primary: metric.Accuracy, Confidence: 0.95, Champion: "version 3",
		Scores: []Score{
			{Metric: metric.Accuracy, Challenger: ptr(0.85), Champion: ptr(0.84), Difference: &metric.Comparison{Metric: metric.Accuracy, Difference: 0.01, Low: -0.01, High: 0.03}, Baselines: []Baseline{{text, 0.6}}},
			{Metric: metric.LogLoss, Challenger: ptr(0.4), Champion: ptr(0.45), Difference: &metric.Comparison{Metric: metric.LogLoss, Difference: -0.05, Low: -0.06, High: -0.04}},
			{Metric: metric.Precision, Undefined: text},
		},
		Classes:     &Classes{Names: []string{text, text}, Challenger: mine, Champion: &theirs},
		Importances: []Importance{{text, 0.7, &explain.Importance{Column: text, Mean: 0.1, SD: 0.02}}, {"b", 0.3, &explain.Importance{Column: "b", Mean: -0.01, SD: 0.02}}, {"c", 0.1, nil}},
		Permuted:    &explain.Importances{Metric: metric.Accuracy, Score: 0.85, Rows: 100, Repeats: 5},
		Dependences: []explain.Dependence{
			{Column: text, Kind: "category", Outputs: []string{text}, Points: []explain.Point{{Label: text, Mean: []float64{0.4}}, {Label: "", Mean: []float64{0.6}}}},
			{Column: text, Kind: "number", Outputs: []string{text}, Points: []explain.Point{{Value: ptr(-3), Mean: []float64{0.1}}, {Value: ptr(8), Mean: []float64{0.7}}}},
			{Column: "at", Kind: "time", Outputs: []string{text}, Points: []explain.Point{{Value: ptr(1.6e9), Label: "2020-09-13T12:26:40Z", Mean: []float64{0.3}}, {Value: ptr(1.7e9), Label: "2023-11-14T22:13:20Z", Mean: []float64{0.2}}}},
		},
		Slices: []Slice{{Column: text, Value: text, Rows: 120, Challenger: ptr(0.8), Champion: ptr(0.7), MaxDrop: 0.01, Passed: true}},
		Candidates: []Candidate{
			{Rank: 1, Params: []Fact{{text, text}, {"max_iter", "20"}}, Metric: metric.LogLoss, Loss: ptr(0.4123), StandardError: 0.0123, Iterations: 20, Seconds: 1.25, Chosen: true},
			{Params: []Fact{{"max_iter", "2000"}}, Error: "Retrain.TooLarge"},
		},
		Drift:   []Drift{{Column: text, Level: "strong", PSI: 0.4, Floor: 0.01, Target: true}, {Column: text, Level: "missing"}, {Column: "b", Level: "stable", PSI: 0.003, Floor: 0.01}},
		Data:    Data{Rows: []Fact{{"Rows read", "1,000"}}, Columns: []Column{{Name: text, Role: "dropped", Kind: "text", Missing: 0.12345, Distinct: 1234, Reason: text}}},
		Lineage: []Fact{{"Data", text}}, Params: []Fact{{text, text}},
	}
}

// others are the reports that lack one thing or another.
func others() map[string]*Report {
	first := binary("x")
	first.Decision, first.Passed, first.Champion, first.Classes.Champion, first.Slices, first.Warnings = "bootstrap", true, "", nil, nil, nil
	first.Scores = []Score{{Metric: metric.Accuracy, Challenger: ptr(0.85), Own: &metric.Interval{Low: 0.8, High: 0.9}}}
	unfit := binary("x")
	unfit.Decision, unfit.Passed, unfit.Incompatible, unfit.Classes.Champion = "champion_incompatible", true, `column "height" is not in the data`, nil
	many := binary("x")
	many.Task, many.Classes = "multiclass", &Classes{Challenger: Answers{}}
	for k := range 14 {
		many.Classes.Names = append(many.Classes.Names, strings.Repeat("k", k+1))
		row := make([]int64, 14)
		row[k] = int64(k)
		many.Classes.Challenger.Confusion = append(many.Classes.Challenger.Confusion, row)
	}
	curve := []metric.Point{{X: 0, Y: 0.5}, {X: 1, Y: 1}}
	many.Classes.Each = []ClassCurves{{0, curve, curve}, {3, nil, nil}, {5, curve, curve}}
	many.Dependences = []explain.Dependence{
		{Column: "c", Kind: "category", Outputs: []string{"k", "kk"}, Points: []explain.Point{{Label: "u", Mean: []float64{0.4, 0.1}}, {Label: "v", Mean: []float64{0.6, 0.2}}}},
		{Column: "n", Kind: "number", Outputs: []string{"k", "kk"}, Points: []explain.Point{{Value: ptr(0), Mean: []float64{0.5, 0.3}}, {Value: ptr(1e-9), Mean: []float64{0.5, 0.3}}}},
	}
	many.Classes.Challenger.Confusion = append(many.Classes.Challenger.Confusion, make([]int64, 14))
	many.Classes.Challenger.Confusion[14][3] = 2
	numbers := binary("x")
	h := metric.Errors([]float64{1, 2, 3, 4}, 4, []float64{1, 2, 4, 4}, []float64{1, 1, 4, 9})
	g := metric.Against([]float64{1, 2, 3, 4}, []float64{1, 2, 4, 4}, 4)
	numbers.Task, numbers.Classes, numbers.Values = "regression", nil, &Values{Errors: h, Against: []*metric.Grid{g, g}}
	return map[string]*Report{"first": first, "incompatible": unfit, "multiclass": many, "regression": numbers, "nothing": {Classes: &Classes{}}, "no values": {Values: &Values{}}}
}

func pageOf(t *testing.T, r *Report) string {
	t.Helper()
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

var (
	tag     = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*?)(/?)>`)
	comment = regexp.MustCompile(`<!DOCTYPE html>|(?s)<style>.*?</style>`)
	attr    = regexp.MustCompile(`\s([a-zA-Z:-]+)\s*=`)
	ids     = regexp.MustCompile(`\sid="([^"]*)"`)
)

// checkPage checks that a page is well formed, has no ids twice, and neither
// scripts nor anything that it would have to ask for.
func checkPage(t *testing.T, page string) {
	t.Helper()
	style := page[strings.Index(page, "<style>"):strings.Index(page, "</style>")]
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") || strings.Contains(style, "ZgotmplZ") {
		t.Error("the style asks for something")
	}
	if print := style[strings.Index(style, "@media print"):]; !strings.Contains(print, "color-scheme: light") || !strings.Contains(print, "break-inside: avoid") {
		t.Error("on paper the page may be dark, or torn")
	}
	var open []string
	body := comment.ReplaceAllString(page, "")
	for _, found := range tag.FindAllStringSubmatch(body, -1) {
		end, name, attrs, closed := found[1] != "", found[2], found[3], found[4] != ""
		if slices.Contains([]string{"script", "img", "link", "iframe", "object", "embed", "base", "form", "a", "image", "use", "foreignObject"}, name) {
			t.Errorf("there is a %s", name)
		}
		for _, a := range attr.FindAllStringSubmatch(attrs, -1) {
			if name := strings.ToLower(a[1]); strings.HasPrefix(name, "on") || slices.Contains([]string{"src", "href", "xlink:href", "srcset", "action", "style"}, name) {
				t.Errorf("there is an attribute %s", name)
			}
		}
		switch {
		case closed || name == "meta":
		case !end:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("</%s> ends %q", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	rest := tag.ReplaceAllString(body, "")
	if len(open) > 0 || strings.ContainsAny(rest, "<>") {
		t.Errorf("%q are not closed, or a text holds a tag", open)
	}
	seen := map[string]bool{}
	for _, found := range ids.FindAllStringSubmatch(body, -1) {
		if seen[found[1]] {
			t.Errorf("the id %s is there twice", found[1])
		}
		seen[found[1]] = true
	}
	for _, bad := range []string{"NaN", "Inf", "%!", "ZgotmplZ", "<nil>"} {
		if strings.Contains(rest, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestPagesAreWellFormedAndAlone(t *testing.T) {
	checkPage(t, pageOf(t, binary("x")))
	for name, r := range others() {
		t.Run(name, func(t *testing.T) { checkPage(t, pageOf(t, r)) })
	}
}

// Names and labels come from whoever sends data; nothing in them is ever a part
// of the page's own language.
func TestHostileNamesAreTexts(t *testing.T) {
	plain := tag.FindAllString(comment.ReplaceAllString(pageOf(t, binary("x")), ""), -1)
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><svg onload=alert(1)>`, `</style></title></svg><img src=x onerror=alert(1)>`,
		`' onmouseover='alert(1)`, `{{.}} ${x} <!-- -->`, "\x00\u202e\u2028<b>\xff", `javascript:alert(1)`, strings.Repeat("<long> ", 200),
	} {
		page := pageOf(t, binary(text))
		checkPage(t, page)
		got := tag.FindAllString(comment.ReplaceAllString(page, ""), -1)
		if len(got) != len(plain) {
			t.Errorf("%.40q makes %d tags of %d", text, len(got), len(plain))
		}
	}
}

// Whatever the data, a page stays small.
func TestPagesHaveALimit(t *testing.T) {
	r := binary(strings.Repeat("<ö>", 30_000))
	for range 12 {
		r.Rules, r.Warnings, r.Slices = append(r.Rules, r.Rules...), append(r.Warnings, r.Warnings...), append(r.Slices, r.Slices...)
		r.Data.Columns, r.Params, r.Importances = append(r.Data.Columns, r.Data.Columns...), append(r.Params, r.Params...), append(r.Importances, r.Importances...)
	}
	if page := pageOf(t, r); len(page) > 2<<20 || !strings.Contains(page, "3,796 more columns") {
		t.Errorf("%d bytes", len(page))
	}
	wide := binary("a name of a usual length")
	for range 12 {
		wide.Rules, wide.Data.Columns = append(wide.Rules, wide.Rules...), append(wide.Data.Columns, wide.Data.Columns...)
	}
	if page := pageOf(t, wide); len(page) > 300<<10 {
		t.Errorf("%d bytes", len(page))
	}
}

func TestPagesRepeat(t *testing.T) {
	if first := pageOf(t, binary("x")); first != pageOf(t, binary("x")) {
		t.Error("two pages of one report differ")
	}
}

// The golden page is to be looked at, too: in a browser, at any width, light
// and dark, and on paper.
func TestGoldenPage(t *testing.T) {
	page := []byte(pageOf(t, binary("name")))
	golden := filepath.Join("testdata", "binary.html")
	if *update {
		if err := os.WriteFile(golden, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, page) {
		t.Error(cmp.Diff(string(want), string(page)))
	}
}

func TestNumbersForReaders(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.0000", 0.80394: "0.8039", -0.0401: "−0.0401", 12.345: "12.35", 48897.3: "48,897", -1234567: "−1,234,567", 1e-7: "1e−07", 3e20: "3e+20", 999: "999.00",
	} {
		if got := number(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0 %", 1: "100 %", 0.0001: "< 0.1 %", 0.12345: "12.3 %"} {
		if got := percent(share); got != want {
			t.Errorf("%v is written %s, want %s", share, got, want)
		}
	}
	for x, want := range map[float64]string{0.25: "0.25", 150000: "150k", 2.5e6: "2.5M", -20000: "−20k", 3e13: "30T"} {
		if got := tickText(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
}

// A matrix of many classes shows those with the most rows and loses no row.
func TestManyClassesArePutTogether(t *testing.T) {
	r := others()["multiclass"]
	m := r.Matrices()[0]
	if len(m.Columns) != maxShown+1 || len(m.Rows) != maxShown+2 || m.Columns[0] != strings.Repeat("k", 5) || m.Columns[maxShown] != "4 others" {
		t.Fatalf("%d rows, columns %q", len(m.Rows), m.Columns)
	}
	rows := int64(0)
	for _, row := range m.Rows {
		rows += row.Rows
	}
	if want := int64(13*14/2 + 2); rows != want {
		t.Errorf("%d rows, want %d", rows, want)
	}
}
