package train_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// daily makes rows of 60 days in any order. The feature tells the day, and the
// target is the day's own value, with little noise: a row of a known day is easy,
// and of a coming day nothing is known.
func daily() string {
	rng := rand.New(rand.NewPCG(51, 52))
	var rows []string
	for range 60 {
		a, effect := rng.Float64(), rng.NormFloat64()
		for range 20 {
			rows = append(rows, fmt.Sprintf("2026-%02d-%02d,%.5f,%.4f\n", 1+len(rows)/20/28, 1+len(rows)/20%28, a, effect+0.1*rng.NormFloat64()))
		}
	}
	rng.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
	return "day,a,y\n" + strings.Join(rows, "")
}

// byDay preprocesses daily rows for a split by time; or, as an earlier version has,
// without a word about it in the document.
func byDay(t *testing.T, earlier bool, params map[string]any) (*bench, train.Request) {
	t.Helper()
	b := newBench()
	req := b.preprocess(t, daily(), preprocess.Request{Split: map[string]any{"time_column": "day"}, ModelParams: params})
	if earlier {
		doc := b.open(t, req).Document
		doc.TimeColumn = ""
		if err := processed.WriteDocument(ctx, b.Store, &doc); err != nil {
			t.Fatal(err)
		}
	}
	return b, req
}

// Whatever judges within the training side is as honest as the holdout is, where
// the latest rows judge; data of earlier versions is trained as it was, by chance.
func TestTheLatestJudgeWithinTheTrainingSide(t *testing.T) {
	t.Run("auto", func(t *testing.T) {
		loss := func(earlier bool, want string) float64 {
			b, req := byDay(t, earlier, nil)
			s := b.run(t, req).Selection
			if !strings.Contains(s.Method, want) {
				t.Errorf("judged by %q", s.Method)
			}
			best := s.Contestants[0].Value
			for _, c := range s.Contestants {
				best = min(best, c.Value)
			}
			return best
		}
		if honest, fooled := loss(false, "rolling forward"), loss(true, "5-fold"); honest < 0.5 || fooled > 0.1 {
			t.Errorf("the loss is %g by time and %g by chance", honest, fooled)
		}
	})
	t.Run("early stopping", func(t *testing.T) {
		rounds := func(earlier bool) int {
			b, req := byDay(t, earlier, small("max_iter", 60.0, "early_stopping", true, "validation_fraction", 0.3))
			return b.run(t, req).BestIteration
		}
		if honest, fooled := rounds(false), rounds(true); honest > 20 || fooled < 40 {
			t.Errorf("%d rounds by time and %d by chance", honest, fooled)
		}
	})
	t.Run("search", func(t *testing.T) {
		loss := func(earlier bool) float64 {
			b, req := byDay(t, earlier, small("max_iter", 60.0, "learning_rate", 0.3))
			req.ValidateOn = 0.3
			return b.run(t, req).Validation.Value
		}
		if honest, fooled := loss(false), loss(true); honest < 0.5 || fooled > 0.3 {
			t.Errorf("the loss is %g by time and %g by chance", honest, fooled)
		}
	})
	t.Run("early stopping of a candidate", func(t *testing.T) {
		b, req := byDay(t, false, small("max_iter", 60.0, "early_stopping", true, "validation_fraction", 0.3))
		req.ValidateOn = 0.3
		if r := b.run(t, req); r.BestIteration > 20 || len(r.Warnings) > 0 {
			t.Errorf("%d rounds, warnings %v", r.BestIteration, r.Warnings)
		}
	})
}

// A candidate that only knows the mean is judged by the latest rows, and has
// learned the mean of all others.
func TestACandidateIsJudgedByTheLatest(t *testing.T) {
	b, req := byDay(t, false, small("learning_rate", 1e-9))
	req.ValidateOn = 0.25
	got := b.run(t, req).Validation
	var times, ys []float64
	if err := b.open(t, req).Learn(ctx, func(b *processed.Block) { times, ys = append(times, b.Times...), append(ys, b.Y...) }); err != nil {
		t.Fatal(err)
	}
	days := slices.Compact(slices.Sorted(slices.Values(times)))
	from := days[len(days)-len(days)/4] // all days have as many rows
	sum, loss, known, judging := 0.0, 0.0, 0.0, 0.0
	for i, y := range ys {
		if times[i] < from {
			sum, known = sum+y, known+1
		}
	}
	for i, y := range ys {
		if times[i] >= from {
			loss, judging = loss+(y-sum/known)*(y-sum/known), judging+1
		}
	}
	if math.Abs(got.Value-loss/judging) > 1e-6 || got.Rows != int64(judging) || judging == 0 {
		t.Errorf("%+v; %v rows have %v", got, judging, loss/judging)
	}
}

// Where nearly all rows that are to be learned from have one time, chance decides,
// and the answer says so.
func TestOneTimeTellsNothing(t *testing.T) {
	b := newBench()
	var text strings.Builder
	text.WriteString("month,x,y\n")
	for i := range 400 {
		fmt.Fprintf(&text, "%d,%d,%d\n", 1+i/320, i*7%101, i*7%101/50+i%3)
	}
	req := b.preprocess(t, text.String(), preprocess.Request{
		Split: map[string]any{"time_column": "month"}, Task: "regression", ModelParams: small("early_stopping", true),
	})
	r := b.run(t, req)
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "the same time") }) {
		t.Errorf("%d rounds, warnings %v", r.BestIteration, r.Warnings)
	}
}
