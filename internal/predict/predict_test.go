package predict

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

// scorer returns a lake with a champion of each kind.
func scorer(t testing.TB) *lake {
	l := newLake(t)
	l.crown("default", churn(0), nil)
	l.crown("price", price(), nil)
	l.crown("digits", digits(), nil)
	return l
}

func TestAnswers(t *testing.T) {
	l := scorer(t)
	r, err := l.Run(t.Context(), decoded[Request](t, `{"records":[{"age":null,"plan":"gold","active":true,"fee":2},{"age":20,"plan":null,"active":"False","fee":-5}]}`))
	l.must(err)
	want := model.Sigmoid(0.3*(40-42.0)/11 + 0.5 + 0.7 + 2) // age filled, plan gold, active True, fee 2
	if got := r.Probabilities[0]; math.Abs(got[1]-want) > 1e-15 || got[0] != 1-got[1] {
		t.Errorf("%v, not %v", got, want)
	}
	if diff := cmp.Diff([]any{"yes", "no"}, r.Predictions); diff != "" || len(r.Probabilities) != 2 || len(r.Warnings) != 0 {
		t.Errorf("%+v %s", r, diff)
	}
	r, err = l.Run(t.Context(), decoded[Request](t, `{"model_name":"digits","records":[{"x":-9},{"x":0},{"x":7}]}`))
	l.must(err)
	if diff := cmp.Diff([]any{int64(-1), int64(2), int64(10)}, r.Predictions); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{int64(-1), int64(2), int64(10)}, r.Classes); diff != "" {
		t.Error(diff)
	}
	r, err = l.Run(t.Context(), decoded[Request](t, `{"model_name":"price","records":[{"rooms":-9},{"rooms":0.5}]}`))
	l.must(err)
	if diff := cmp.Diff([]any{-895.0, 55.0}, r.Predictions); diff != "" || r.Classes != nil || r.Probabilities != nil {
		t.Error(diff)
	}
}

// A champion with a threshold says yes above it, and not on it.
func TestAnswersFollowTheThreshold(t *testing.T) {
	l := newLake(t)
	m := churn(0)
	m.Threshold = model.Sigmoid(0.3*(42-42.0)/11 + 0.7 - 2) // of the second record
	l.crown("default", m, nil)
	record := `{"age":42,"plan":"never seen","active":true,"fee":%s}`
	text := `{"records":[` + strings.ReplaceAll(record, "%s", "-1.99") + "," + strings.ReplaceAll(record, "%s", "-2") + `]}`
	r, err := l.Run(t.Context(), decoded[Request](t, text))
	l.must(err)
	if diff := cmp.Diff([]any{"yes", "no"}, r.Predictions); diff != "" || r.Probabilities[0][1] > 0.3 {
		t.Errorf("%+v %s", r, diff)
	}
}

func TestExplanations(t *testing.T) {
	l := scorer(t)
	r, err := l.Run(t.Context(), decoded[Request](t, `{"explain":true,"records":[{"age":null,"plan":"gold","active":true,"fee":2}]}`))
	l.must(err)
	want := []Explanation{{Contributions: map[string]float64{"age": 0.3 * (40 - 42.0) / 11, "plan": 0.5, "active": 0.7, "fee": 2}}}
	near := cmpopts.EquateApprox(0, 1e-12)
	if diff := cmp.Diff(want, r.Explanations, near); diff != "" {
		t.Error(diff)
	}
	r, err = l.Run(t.Context(), decoded[Request](t, `{"model_name":"digits","explain":true,"records":[{"x":-9},{"x":7}]}`))
	l.must(err)
	want = []Explanation{{Contributions: map[string]float64{"x": 9}}, {Contributions: map[string]float64{"x": 7}}}
	if diff := cmp.Diff(want, r.Explanations, near); diff != "" {
		t.Error(diff)
	}
	many := Request{Explain: true, Records: make([]map[string]any, 101)}
	if _, err := l.Run(t.Context(), many); !fault.Is(err, fault.TooLarge) {
		t.Errorf("101 rows: %v", err)
	}
	steep := churn(0)
	steep.Linear.Coef[0][7] = 100 // its sigmoid is 1, the contribution beyond a float64
	l.crown("steep", steep, nil)
	huge := decoded[Request](t, `{"model_name":"steep","records":[{"age":1,"plan":"gold","active":true,"fee":1e308}]}`)
	_, err = l.Run(t.Context(), huge)
	l.must(err)
	huge.Explain = true
	if _, err := l.Run(t.Context(), huge); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("an infinite contribution: %v", err)
	}
}

// Every form of the same rows gives the same answer, bit for bit.
func TestFormsAgree(t *testing.T) {
	l := scorer(t)
	want, err := l.Run(t.Context(), decoded[Request](t, `{"records":[{"age":50,"plan":"gold","active":"True","fee":1.5},{"age":null,"plan":"1","active":"False","fee":-2e-3}]}`))
	l.must(err)
	for _, body := range []string{
		`{"dataframe_records":[{"age":50,"plan":"gold","active":true,"fee":1.5},{"age":null,"plan":1,"active":false,"fee":-0.002}]}`,
		`{"dataframe_split":{"index":[7,8],"columns":["fee","age","active","plan"],"data":[[1.5,50,true,"gold"],[-0.002,null,false,1.0]]}}`,
		`{"instances":[{"age":50,"plan":"gold","active":"True","fee":1.5},{"age":null,"plan":"1","active":"False","fee":-0.002}]}`,
		`{"instances":[[50,"gold","True",1.5],[null,"1","False",-0.002]],"params":{}}`,
		`{"inputs":[[50,"gold","True",1.5],[null,"1","False",-0.002]]}`,
		`{"inputs":{"age":[50,null],"plan":["gold",1],"active":[true,false],"fee":[1.5,-0.002]}}`,
	} {
		got, err := l.Invoke(t.Context(), "", decoded[Invocation](t, body))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", body, err, diff)
		}
	}
	for _, tt := range []struct {
		text   string
		header Header
	}{
		{"age,plan,active,fee\n50,gold,True,1.5\n,1,False,-2e-3\n", HeaderGuessed},
		{"\uFEFFfee,\"plan\",active,age\r\n1.5,\"gold\",True, 50 \r\n-.002,1,False,NA\r\n", HeaderGuessed},
		{"fee,plan,active,age\n1.5,gold,True,+50\n-0.002,1,False,NaN", HeaderPresent},
		{"50,gold,True,1.5\n,1,False,-2e-3\n", HeaderGuessed},
		{"50,gold,True,1.5\nnull,1,False,-2e-3\n", HeaderAbsent},
	} {
		got, err := l.CSV(t.Context(), "", tt.text, tt.header)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.text, err, diff)
		}
	}
	if r, err := l.CSV(t.Context(), "", "50,age,True,1.5\n", HeaderGuessed); err != nil || len(r.Predictions) != 1 {
		t.Errorf("a category that is called like a column: %+v %v", r, err)
	}
	if r, err := l.Invoke(t.Context(), "price", decoded[Invocation](t, `{"instances":[1,2.5]}`)); err != nil || r.Predictions[1] != 255.0 {
		t.Errorf("bare values: %+v %v", r, err)
	}
}

// complaintsIn lists an error's places and types.
func complaintsIn(err error) []string {
	var got []string
	if err == nil {
		return nil
	}
	for _, f := range fault.From(err).Fields {
		parts := make([]string, len(f.Loc))
		for i, part := range f.Loc {
			parts[i] = fmt.Sprint(part)
		}
		got = append(got, strings.Join(parts, ".")+" "+f.Type)
	}
	return got
}

func TestBadRecords(t *testing.T) {
	l := scorer(t)
	for body, want := range map[string][]string{
		`{"records":[]}`:   {"body too_short"},
		`{"records":[{}]}`: {"body.records.0.age missing", "body.records.0.plan missing", "body.records.0.active missing", "body.records.0.fee missing"},
		`{"records":[{"age":1,"plan":"x","active":"y","fee":"2"},{"age":1,"plan":"x","active":"y","Fee":2}]}`: {
			"body.records.0.fee float_type", "body.records.1.fee missing"},
		`{"records":[{"age":true,"plan":[1],"active":{"a":1},"fee":[2]}]}`: {
			"body.records.0.age float_type", "body.records.0.plan string_type", "body.records.0.active string_type", "body.records.0.fee float_type"},
		`{"model_name":"price","records":[{"rooms":1},{"rooms":1e307},{"rooms":-1e308}]}`: {
			"body.records.1 finite_number", "body.records.2 finite_number"},
	} {
		_, err := l.Run(t.Context(), decoded[Request](t, body))
		if diff := cmp.Diff(want, complaintsIn(err)); diff != "" || !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s: %v (-want +got)\n%s", body, err, diff)
		}
	}
	_, err := l.Run(t.Context(), decoded[Request](t, `{"records":[{"age":1,"plan":"x","active":"y","Fee":2}]}`))
	if !strings.Contains(fault.From(err).Detail, "records.0.fee: Field required; 'Fee' is not its name.") {
		t.Error(err)
	}
	r, err := l.Run(t.Context(), decoded[Request](t, `{"missing_columns":"null","records":[{"age":1,"Fee":2,"churn":"no","zz\n":1}]}`))
	l.must(err)
	if diff := cmp.Diff([]string{
		"The column 'Fee' is unknown and was ignored; did you mean 'fee'?",
		"The column 'churn' is what the model predicts; it was ignored.",
		`The column 'zz\n' is unknown and was ignored.`,
	}, r.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestBadInvocations(t *testing.T) {
	l := scorer(t)
	for body, want := range map[string][]string{
		`{}`:                            {"body value_error"},
		`{"instances":[],"inputs":[1]}`: {"body value_error"},
		`{"instances":{}}`:              {"body.instances list_type"},
		`{"instances":[]}`:              {"body too_short"},
		`{"inputs":{}}`:                 {"body too_short"},
		`{"instances":[{"age":1,"plan":"x","active":"y","fee":2},7]}`:                                                      {"body.instances.1 dict_type"},
		`{"instances":[[1,"x","y",2],{}]}`:                                                                                 {"body.instances.1 list_type"},
		`{"instances":[[1,"x","y",2],[1,"x","y"]]}`:                                                                        {"body.instances.1 wrong_length"},
		`{"instances":[[1,"x","y","2"]]}`:                                                                                  {"body.instances.0.fee float_type"},
		`{"inputs":{"age":[1,2],"plan":"x"}}`:                                                                              {"body.inputs.plan list_type"},
		`{"inputs":{"age":[1,2],"plan":["x"]}}`:                                                                            {"body.inputs.plan wrong_length"},
		`{"inputs":{"age":[1],"plan":["x"],"active":["y"],"fee":[true]}}`:                                                  {"body.inputs.fee.0 float_type"},
		`{"inputs":{"age":[1],"plan":["x"],"active":["y"]}}`:                                                               {"body.inputs.fee missing"},
		`{"dataframe_split":{"columns":["age","age","plan","active","fee"],"data":[[1,1,"x","y",2]]}}`:                     {"body.dataframe_split.columns.age duplicate_key"},
		`{"dataframe_split":{"columns":["age","plan","active"],"data":[[1,"x","y"]]}}`:                                     {"body.dataframe_split.columns.fee missing"},
		`{"dataframe_split":{"columns":["age","plan","active","fee"],"data":[[1,"x","y",2],[1,"x","y",2,3],[1,2,3,"x"]]}}`: {"body.dataframe_split.data.1 wrong_length", "body.dataframe_split.data.2.fee float_type"},
	} {
		_, err := l.Invoke(t.Context(), "", decoded[Invocation](t, body))
		if diff := cmp.Diff(want, complaintsIn(err)); diff != "" || !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s: %v (-want +got)\n%s", body, err, diff)
		}
	}
}

func TestBadCSV(t *testing.T) {
	l := scorer(t)
	for text, want := range map[string][]string{
		"":                                    {"body too_short"},
		"age,plan,active,fee\n":               {"body too_short"},
		"1,x,y\n":                             {"body.1 wrong_length"},
		"1,x,y,2\n\n1,x,y,two\n0x1p3,x,y,1_0": {"body.3.fee float_parsing", "body.4.age float_parsing", "body.4.fee float_parsing"},
		"1,x,y,1e999\ninf,x,y,2":              {"body.1.fee finite_number", "body.2.age float_parsing"},
		"age,plan,active,cost\n1,x,y,2":       {"body.1.fee missing"},
		"age,plan,active,fee\n1,\"x,y,2":      {"body.2 csv_invalid"},
		"age,plan,active,fee\n1,\"a\nb\",y,z": {"body.2.fee float_parsing"},
	} {
		_, err := l.CSV(t.Context(), "", text, HeaderGuessed)
		if diff := cmp.Diff(want, complaintsIn(err)); diff != "" || !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%q: %v (-want +got)\n%s", text, err, diff)
		}
	}
}

func TestErrorsEchoNothing(t *testing.T) {
	l := scorer(t)
	const secret = "S3CRET"
	_, err := l.Run(t.Context(), Request{Records: []map[string]any{{"age": secret, "plan": []any{secret}, "active": 1.0, "fee": secret}}})
	_, err2 := l.CSV(t.Context(), "", secret+",x,y,"+secret, HeaderGuessed)
	for _, err := range []error{err, err2} {
		if text, _ := json.Marshal(fault.From(err)); err == nil || strings.Contains(string(text), secret) {
			t.Errorf("%s", text)
		}
	}
}

func TestLimits(t *testing.T) {
	l := scorer(t)
	many := make([]map[string]any, maxRows+1)
	for i := range many {
		many[i] = map[string]any{"rooms": "x"}
	}
	if _, err := l.Run(t.Context(), Request{ModelName: "price", Records: many}); !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
	_, err := l.Run(t.Context(), Request{ModelName: "price", Records: many[:maxRows]})
	if e := fault.From(err); len(e.Fields) != maxComplaints || !strings.Contains(e.Detail, "the rest was not looked at") {
		t.Errorf("%d fields, %s", len(e.Fields), e.Detail)
	}
	if _, err := l.CSV(t.Context(), "price", strings.Repeat("1\n", maxRows+2), HeaderAbsent); !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
	if r, err := l.CSV(t.Context(), "price", strings.Repeat("1\n", maxRows), HeaderAbsent); err != nil || len(r.Predictions) != maxRows {
		t.Error(err)
	}
	wide := &champion{model: &model.Model{Recipe: model.Recipe{Task: model.Multiclass, Classes: make([]string, 1000), Features: make([]model.Feature, 1)}}}
	if n := wide.rowLimit(); n != 200 {
		t.Errorf("%d rows of 1,000 classes", n)
	}
}

// What a request's CSV takes for missing, and for a number, is what training
// takes for one.
func TestCellsAreReadAsInTraining(t *testing.T) {
	cells := []string{
		"", " ", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "none", "Null",
		"1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", " NA ", "?", "-", "1", "+1", " 1 ", "1.", ".5", "-0", "1e5", "1E-5", "0x1", "1_0", "١",
	}
	number := model.Feature{Name: "x", Kind: model.Number}
	if x, _ := value(&number, math.Copysign(0, -1)); math.Signbit(x) {
		t.Error("a negative zero has kept its sign")
	}
	for _, cell := range cells {
		open := func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("x,y\n\"" + cell + "\",1\n")), nil
		}
		schema, _, err := dataset.Scan(t.Context(), open, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		column := schema.Columns[0]
		x, wrong := text(&number, cell)
		if isMissing(cell) != (column.Kind == dataset.Empty) || (wrong.typ == "") != (column.Kind != dataset.Text) {
			t.Errorf("%q is %s in training; here it is missing: %t, wrong: %s", cell, column.Kind, isMissing(cell), wrong.typ)
		}
		if column.Kind.Numeric() && (x != column.Min || math.Signbit(x) != math.Signbit(column.Min)) {
			t.Errorf("%q is %v in training, %v here", cell, column.Min, x)
		}
	}
}

// The predictor says what the model says of the same rows.
func TestAgainstTheModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		task := []model.Task{model.Binary, model.Multiclass, model.Regression}[seed%3]
		m := modeltest.Trees(rng, task, 5, 8)
		l := newLake(t)
		l.crown("m", m, nil)
		n := 30
		rows := modeltest.Rows(rng, &m.Recipe, n)
		for j := range rows.Texts {
			for i, text := range rows.Texts[j] { // as training data has it
				if isMissing(text) && m.Features[j].Code(text) == model.Unseen {
					rows.Texts[j][i] = ""
				}
			}
		}
		want := make([]float64, n*m.Outputs())
		m.Predict(want, rows.Encode(&m.Recipe))
		r, err := l.Run(t.Context(), Request{ModelName: "m", Records: recordsOf(rows, &m.Recipe, n)})
		l.must(err)
		for i := range n {
			if task == model.Regression {
				if r.Predictions[i] != want[i] {
					t.Fatalf("seed %d, row %d: %v, not %v", seed, i, r.Predictions[i], want[i])
				}
				continue
			}
			row := want[i*m.Outputs() : (i+1)*m.Outputs()]
			if diff := cmp.Diff(row, r.Probabilities[i]); diff != "" || r.Predictions[i] != r.Classes[model.Label(row)] {
				t.Fatalf("seed %d, row %d: %s", seed, i, diff)
			}
		}
	}
}

// recordsOf writes raw rows as records.
func recordsOf(rows modeltest.Table, r *model.Recipe, n int) []map[string]any {
	records := make([]map[string]any, n)
	for i := range records {
		records[i] = map[string]any{}
		for j := range r.Features {
			var v any
			if r.Features[j].Kind == model.Category {
				v = rows.Texts[j][i]
			} else if x := rows.Numbers[j][i]; !math.IsNaN(x) {
				v = x
			}
			records[i][r.Features[j].Source()] = v
		}
	}
	return records
}

func TestAnswersAsCSV(t *testing.T) {
	r := Result{Predictions: []any{"yes, \"sir\"", "no", int64(-3), 0.1, -1e300}}
	if got := string(r.CSV()); got != "\"yes, \"\"sir\"\"\"\nno\n-3\n0.1\n-1e+300\n" {
		t.Errorf("%q", got)
	}
}
