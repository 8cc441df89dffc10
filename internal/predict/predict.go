// Package predict scores rows with a model's champion.
//
// It loads the champion of a model name, checks its digest and its golden rows,
// keeps it decoded, and follows a promotion or rollback by itself. Rows come as
// records, as tables or as CSV, and are encoded by the recipe inside the model,
// as strictly as training data is: what does not fit is an error with its place.
//
// The package knows nothing of HTTP, nor of how models are trained or promoted.
package predict

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
)

// Predictor scores rows with champions. The zero value of each field but Store
// means its default. Its methods may be called concurrently.
type Predictor struct {
	Store *modelstore.Store
	// CheckEvery is how long a champion serves before a request looks whether
	// another one stands; default 5 s.
	CheckEvery time.Duration
	Now        func() time.Time // default time.Now
	Log        *slog.Logger     // is told of a new champion that cannot serve; default slog.Default

	mu    sync.RWMutex
	seats map[string]*seat // by the model's name
}

// Limits on what one request may ask for, so that neither the encoded rows nor
// the answer, which platforms limit to 6 MB, grow beyond measure.
const (
	maxRows    = 10_000
	maxCells   = 4 << 20 // rows × features
	maxOutputs = 200_000 // rows × outputs
	maxExplain = 100     // rows that are explained
)

// Request is the body of POST /predict.
type Request struct {
	Records        []map[string]any `json:"records" doc:"The rows: a value for each of the model's columns; null is a missing value"`
	ModelName      string           `json:"model_name,omitempty" doc:"Default: 'default'"`
	MissingColumns string           `json:"missing_columns,omitempty" enum:"error,null" doc:"What a column is that a record leaves out: an error (the default), or a missing value"`
	Explain        bool             `json:"explain,omitempty" doc:"Tell each feature's contribution to each answer; of at most 100 records"`
}

// Result is the answer of POST /predict and POST /invocations.
type Result struct {
	Status        string      `json:"status"`
	ModelName     string      `json:"model_name"`
	Version       int64       `json:"version" doc:"Of the champion that answered"`
	ModelSHA256   string      `json:"model_sha256" doc:"Of its model file"`
	Task          string      `json:"task"`
	Target        string      `json:"target" doc:"The column that is predicted"`
	Predictions   []any       `json:"predictions" doc:"For each row: the label (an integer, where all labels of the training data are), or the predicted number"`
	Classes       []any       `json:"classes,omitempty" doc:"The labels in the order of the probabilities; not for regression"`
	Probabilities [][]float64 `json:"probabilities,omitempty" doc:"For each row, the probability of each class"`
	// Explanations tell of each row, if asked for, how the raw score of its answer comes about.
	Explanations []Explanation `json:"explanations,omitempty" doc:"For each row, how the raw score comes about; if explain was asked for"`
	Warnings     []string      `json:"warnings"`
}

// Explanation takes a row's raw score apart: base and contributions sum to it.
// The score is the log odds of the second class, the predicted class's own of
// several, or the predicted number (or its logarithm, of a model of counts).
type Explanation struct {
	Base          float64            `json:"base" doc:"The raw score without any feature"`
	Contributions map[string]float64 `json:"contributions" doc:"What each feature adds to it"`
}

// Run scores records. Errors: fault.InvalidRequest with the place of each value
// that does not fit, fault.DataNotFound if the model has no champion,
// fault.TooLarge for too many rows, fault.InvalidData if the champion that
// stands is damaged and none served before it.
func (p *Predictor) Run(ctx context.Context, req Request) (Result, error) {
	if n := len(req.Records); req.Explain && n > maxExplain {
		return Result{}, fault.New(fault.TooLarge, "The request has more rows than the %d that are explained at a time.", maxExplain)
	}
	r := recordRows("records", req.Records, req.MissingColumns == "null")
	r.explain = req.Explain
	return p.score(ctx, req.ModelName, r)
}

// Ready returns nil if rows can be scored, or if there is no champion to score
// them with yet; else why the champion that stands cannot serve.
func (p *Predictor) Ready(ctx context.Context, name string) error {
	_, err := p.champion(ctx, orDefault(name))
	if fault.Is(err, fault.DataNotFound) {
		return nil
	}
	return err
}

func orDefault(name string) string {
	if name == "" {
		return modelstore.DefaultName
	}
	return name
}

// rows are what a request wants scored, in whatever form it came.
type rows struct {
	n int
	// encode returns the rows as the model takes them (n × features, row-major),
	// and warnings.
	encode func(*champion) ([]float64, []string, error)
	// at is where a row stands in the request.
	at func(i int) []any
	// explain asks for the answers' explanations.
	explain bool
}

// score is the story of a request.
func (p *Predictor) score(ctx context.Context, name string, r rows) (Result, error) {
	if r.n == 0 {
		return Result{}, fault.New(fault.InvalidRequest, "The request has no rows.").
			At("List should have at least 1 item", "too_short", "body")
	}
	c, err := p.champion(ctx, orDefault(name))
	if err != nil {
		return Result{}, err
	}
	if limit := c.rowLimit(); r.n > limit {
		return Result{}, fault.New(fault.TooLarge, "The request has more rows than the %d that this model scores at a time.", limit)
	}
	x, warnings, err := r.encode(c)
	if err != nil {
		return Result{}, err
	}
	out := make([]float64, r.n*c.model.Outputs())
	c.model.Predict(out, x)
	if err := checkFinite(out, c.model.Outputs(), r.at); err != nil {
		return Result{}, err
	}
	answer := c.answer(out, warnings)
	if r.explain {
		answer.Explanations, err = c.explain(x, out, r.at)
	}
	return answer, err
}

// explain takes the answers apart.
func (c *champion) explain(x, out []float64, at func(int) []any) ([]Explanation, error) {
	features, outputs := len(c.model.Features), c.model.Outputs()
	list := make([]Explanation, len(out)/outputs)
	parts := make([]float64, len(x))
	for i := range list {
		score := 0
		if c.model.Task == model.Multiclass {
			score = model.Label(out[i*outputs : (i+1)*outputs])
		}
		own := parts[i*features : (i+1)*features]
		list[i].Base = c.model.Explain(own, x[i*features:(i+1)*features], score)
		list[i].Contributions = make(map[string]float64, features)
		for j, part := range own {
			list[i].Contributions[c.model.Features[j].Name] = part
		}
	}
	return list, checkFinite(parts, features, at)
}

// checkFinite refuses the rows whose result overflowed: a linear model does so
// for inputs near the limits of a float64, and no JSON number could tell it.
func checkFinite(out []float64, width int, at func(int) []any) error {
	var bad complaints
	for i := 0; i < len(out) && !bad.full(); i += width {
		for _, y := range out[i : i+width] {
			if math.IsNaN(y) || math.IsInf(y, 0) {
				bad.add(at(i/width), "finite_number", "The result of this row is no finite number; its values are too large for the model")
				break
			}
		}
	}
	return bad.err()
}

// answer turns what the model says into a Result.
func (c *champion) answer(out []float64, warnings []string) Result {
	width := c.model.Outputs()
	n := len(out) / width
	r := Result{
		Status: "success", ModelName: c.name, Version: c.version, ModelSHA256: c.digest,
		Task: string(c.model.Task), Target: c.model.Target, Classes: c.classes,
		Predictions: make([]any, n), Warnings: append([]string{}, warnings...),
	}
	if c.model.Task == model.Regression {
		for i, y := range out {
			r.Predictions[i] = y
		}
		return r
	}
	r.Probabilities = make([][]float64, n)
	for i := range n {
		r.Probabilities[i] = out[i*width : (i+1)*width : (i+1)*width]
		r.Predictions[i] = c.classes[c.model.Label(r.Probabilities[i])]
	}
	return r
}
