package train_test

import (
	"runtime"
	"strings"
	"testing"

	"retrain/internal/model"
	"retrain/internal/preprocess"
)

// The bytes of a model follow from the rows, the parameters and the program.
// Nothing else has a part in them: not the machine, the store, the moment, the
// run, or the form in which the data came.
func TestTheSameTrainingGivesTheSameBytes(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := table(1500, c.task)
			want := ""
			for _, v := range []struct {
				name    string
				threads int
				text    string
				req     preprocess.Request
			}{
				{"as it is", 2, text, preprocess.Request{}},
				{"again", 2, text, preprocess.Request{}},
				{"one thread", 1, text, preprocess.Request{}},
				{"four threads", 4, text, preprocess.Request{}},
				{"compressed", 2, compressed(t, text), preprocess.Request{}},
				{"other line ends and quotes", 2, strings.NewReplacer("red", `"red"`, "\n", "\r\n").Replace(text), preprocess.Request{}},
				{"numbers spelled differently", 2, strings.ReplaceAll(text, ",0.", ",+00."), preprocess.Request{}},
				{"another run", 2, text, preprocess.Request{RunID: "tuesday", Gate: map[string]any{"policy": "better"}}},
			} {
				threads := runtime.GOMAXPROCS(v.threads)
				b := newBench()
				v.req.ModelParams = c.params
				r := b.run(t, b.preprocess(t, v.text, v.req))
				runtime.GOMAXPROCS(threads)
				if want == "" {
					want = r.ModelSHA256
				}
				if r.ModelSHA256 != want {
					t.Errorf("%s: model %.8s, want %.8s", v.name, r.ModelSHA256, want)
				}
			}
			b := newBench()
			b.Engine = "other"
			if r := b.run(t, b.preprocess(t, text, preprocess.Request{ModelParams: c.params})); r.ModelSHA256 == want {
				t.Error("another program says that it is the same model")
			}
		})
	}
}

func TestOtherRowsOrParametersGiveAnotherModel(t *testing.T) {
	text := table(600, model.Binary)
	seen := map[string]string{}
	for name, v := range map[string]struct {
		text   string
		params map[string]any
	}{
		"as it is":          {text, small()},
		"one row less":      {text[:strings.LastIndexByte(text[:len(text)-1], '\n')+1], small()},
		"more trees":        {text, small("max_iter", 13.0)},
		"another seed":      {text, small("random_state", 1.0)},
		"balanced":          {text, small("class_weight", "balanced")},
		"weights":           {text, small("class_weight", map[string]any{"yes": 3.0})},
		"never down with z": {text, small("monotonic_cst", map[string]any{"z": 1.0})},
	} {
		b := newBench()
		r := b.run(t, b.preprocess(t, v.text, preprocess.Request{ModelParams: v.params}))
		if other, dup := seen[r.ModelSHA256]; dup {
			t.Errorf("%s and %s give the same model", name, other)
		}
		seen[r.ModelSHA256] = name
	}
}
