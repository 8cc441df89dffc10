package predict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/model"
)

// visits is a regression on a boolean and on parts of a date: its prediction
// spells them out in decimal places.
func visits() *model.Model {
	part := func(p model.Part) model.Feature {
		return model.Feature{Name: "at." + string(p), Kind: model.Number, Column: "at", Part: p, Scale: 1}
	}
	return &model.Model{
		Recipe: model.Recipe{Target: "visits", Task: model.Regression, Features: []model.Feature{
			{Name: "open", Kind: model.Number, Part: model.Flag, Fill: 5, Scale: 1},
			part(model.Year), part(model.Month), part(model.Day), part(model.Weekday), part(model.Hour),
		}},
		Linear: &model.Linear{Coef: [][]float64{{1e10, 1e6, 1e4, 1e2, 1e1, 0.01}}, Intercept: []float64{0}},
	}
}

// TestBooleansAndTimes checks every form in which they may be given.
func TestBooleansAndTimes(t *testing.T) {
	l := newLake(t)
	l.crown("default", visits(), nil)
	const friday, none = 1e10 + 2024e6 + 2e4 + 9e2 + 4e1 + 0.17, 5e10
	for records, want := range map[string]float64{
		`{"open":true,"at":"2024-02-09T17:30"}`:               friday,
		`{"open":"True","at":"2024-02-09 17:30:59.5Z"}`:       friday,
		`{"open":"TRUE","at":"09.02.2024 18:30+01:00"}`:       friday,
		`{"open":1,"at":1707499800}`:                          friday,
		`{"open":false,"at":"2024-02-09T17:00:00.000000000"}`: friday - 1e10,
		`{"open":0,"at":1707499800.25}`:                       friday - 1e10,
		`{"open":null,"at":null}`:                             none,
		`{"open":"NA","at":""}`:                               none,
		`{"open":false,"at":-1}`:                              1969e6 + 12e4 + 31e2 + 2e1 + 0.23,
	} {
		r, err := l.Run(t.Context(), decoded[Request](t, `{"records":[`+records+`]}`))
		if err != nil || r.Predictions[0] != want {
			t.Errorf("%s: %v, %v, want %v", records, r.Predictions, err, want)
		}
	}
	r, err := l.CSV(t.Context(), "default", "at,open\n2024-02-09T17:30,true\n1707499800,1\n 2024/02/09 17:59 ,TRUE\nNA,\n", HeaderGuessed)
	l.must(err)
	if diff := cmp.Diff([]any{friday, friday, friday, none}, r.Predictions); diff != "" {
		t.Error(diff)
	}
}

func TestBadBooleansAndTimes(t *testing.T) {
	l := newLake(t)
	l.crown("default", visits(), nil)
	for _, record := range []string{
		`{"open":2,"at":"02/09/2024"}`, `{"open":"yes","at":"2023-02-29"}`, `{"open":[1],"at":true}`, `{"open":{},"at":1e12}`,
		`{"open":"2","at":"tomorrow"}`, `{"open":-1,"at":[2024]}`,
	} {
		_, err := l.Run(t.Context(), decoded[Request](t, `{"records":[`+record+`]}`))
		want := []string{"body.records.0.open bool_parsing", "body.records.0.at datetime_parsing"}
		if diff := cmp.Diff(want, complaintsIn(err)); diff != "" {
			t.Errorf("%s: %s", record, diff)
		}
		if err != nil && strings.Contains(err.Error(), "tomorrow") {
			t.Error("the value is echoed")
		}
	}
	_, err := l.CSV(t.Context(), "default", "at,open\n1e400,true\nnan,0x1\n", HeaderPresent)
	want := []string{"body.2.at datetime_parsing", "body.3.open bool_parsing"}
	if diff := cmp.Diff(want, complaintsIn(err)); diff != "" {
		t.Error(diff)
	}
}
