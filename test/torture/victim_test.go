package torture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"retrain/internal/modelstore"
)

// victim keeps starting the binary, gives it work, and kills it.
type victim struct {
	t       *testing.T
	binary  string
	data    string
	place   place
	dice    *rand.Rand
	typical map[string]time.Duration // how long a step takes that is left in peace
	tally   tally

	models int       // counts the models that were begun
	jobs   int       // counts the retrainings of all models
	told   []told    // changes of this model's champion that were announced
	path   []request // what is still to be asked; the first one may be a repetition
}

// told is a change of champion that a caller was told of.
type told struct {
	promotion string
	version   int64
	model     string // its address
}

// request is one step to be asked of the binary.
type request struct {
	step string
	path string
	body map[string]any
}

// preferred are the steps in whose course lives end, as often as they are
// named; the death in a step that is not under way comes in the next one.
var preferred = []string{
	"preprocess", "train", "train", "train", "evaluate", "update-model", "update-model", "update-model", "update-model",
	"rollback", "rollback",
}

// changesOfModel is how many changes a model's champion sees before another
// model is begun. The audit after each death reads them all.
const changesOfModel = 24

func (v *victim) model() string { return fmt.Sprintf("model-%d", v.models) }

func (v *victim) store() *modelstore.Store { return &modelstore.Store{Root: v.place.root} }

// newModel begins another model.
func (v *victim) newModel() {
	v.models++
	v.told, v.path = nil, nil
}

// leaveModel looks at a model for the last time.
func (v *victim) leaveModel() {
	if len(v.told) == 0 {
		return
	}
	if err := comparedWithReplaced(v.t.Context(), v.store(), v.model()); err != nil {
		v.t.Errorf("%s: %v", v.model(), err)
	}
}

// live starts the binary, has it work through the path, and kills it in the
// course of a random step, a random time after it was asked.
func (v *victim) live() {
	p, err := start(v)
	if err != nil {
		v.t.Errorf("starting the binary: %v", err)
		return
	}
	defer p.kill()
	end := preferred[v.dice.IntN(len(preferred))]
	for tries := 0; !v.t.Failed(); tries++ {
		next := v.next()
		if next.step != end && tries < 8 {
			v.take(next, p.ask(v.t.Context(), next))
			continue
		}
		v.dieIn(p, next)
		break
	}
	p.kill()
	v.examine()
}

// dieIn asks for a step and kills the process while it is at work on it, or
// just when it is done.
func (v *victim) dieIn(p *process, next request) {
	typical := v.typical[next.step]
	if typical == 0 {
		typical = 30 * time.Millisecond
	}
	death := time.AfterFunc(time.Duration(v.dice.Int64N(int64(typical))), p.kill)
	defer death.Stop()
	answer := p.ask(v.t.Context(), next)
	if answer.err != nil {
		v.tally["killed in "+next.step]++
		return
	}
	v.tally["killed after "+next.step]++
	v.take(next, answer)
}

// next returns the step to ask for; with an empty path, a new one is begun.
func (v *victim) next() request {
	if len(v.path) > 0 {
		return v.path[0]
	}
	if len(v.told) >= changesOfModel {
		v.leaveModel()
		v.newModel()
	}
	first := v.retraining
	if len(v.told) > 0 && v.dice.IntN(3) == 0 {
		first = v.rollback
	}
	v.path = []request{first()}
	return v.path[0]
}

// retraining begins another retraining of the model, whose parameters are its
// own, so that it leads to a model that there has not been before.
func (v *victim) retraining() request {
	v.jobs++
	return request{"preprocess", "/preprocess", map[string]any{
		"data_path": v.data, "target": "y", "model_name": v.model(),
		"model_params": map[string]any{"algorithm": "logistic_regression", "C": 0.1 + 0.01*float64(v.jobs)},
		"gate": map[string]any{
			"policy": "non_inferior", "min_absolute_change": 1, "must_beat_baseline": false,
			"guardrails": map[string]any{"f1_score": map[string]any{"max_drop": 1}},
		},
	}}
}

// rollback goes back to an earlier model, or on to a new one if it is the
// earlier one that stands: to roll back to that would change nothing.
func (v *victim) rollback() request {
	standing, to := v.told[len(v.told)-1], v.told[v.dice.IntN(len(v.told))]
	if to.model == standing.model {
		return v.retraining()
	}
	return request{"rollback", "/models/" + v.model() + "/rollback", map[string]any{
		"to_version": to.version, "expected_champion_version": standing.version, "reason": "torture",
	}}
}

// take goes on from a step that was answered. What a step answers is what the
// next one is asked, as in the state machine.
func (v *victim) take(done request, answer answer) {
	if answer.err != nil || answer.status != http.StatusOK {
		v.t.Errorf("%s, step %s: status %d, %v: %s", v.model(), done.step, answer.status, answer.err, answer.text)
		return
	}
	v.typical[done.step] = max(v.typical[done.step]*7/8+answer.took/8, time.Millisecond)
	v.path = nil
	steps := []string{"preprocess", "train", "evaluate", "update-model"}
	if i := slices.Index(steps, done.step); i >= 0 && i < len(steps)-1 {
		v.path = []request{{steps[i+1], "/" + steps[i+1], answer.body}}
		return
	}
	v.hear(answer)
}

// hear notes an announced change of champion.
func (v *victim) hear(answer answer) {
	var said struct {
		Version   int64
		Promotion string `json:"promotion_id"`
		Model     string `json:"model_uri"`
	}
	if err := json.Unmarshal(answer.text, &said); err != nil || said.Version != int64(len(v.told))+1 {
		v.t.Errorf("%s: the change number %d is announced by %v: %s", v.model(), len(v.told)+1, err, answer.text)
	}
	v.tally["announced"]++
	v.told = append(v.told, told{said.Promotion, said.Version, said.Model})
}

// examine looks at the store as the death has left it.
func (v *victim) examine() {
	ctx := v.t.Context()
	if err := v.store().Audit(ctx, v.model()); err != nil {
		v.t.Errorf("%s is torn: %v", v.model(), err)
	}
	history, err := v.store().History(ctx, v.model())
	if err != nil {
		v.t.Errorf("%s has no history: %v", v.model(), err)
	}
	if extra := len(history) - len(v.told); extra < 0 || extra > 1 {
		v.t.Errorf("%s: %d changes were announced, and %d are in the history", v.model(), len(v.told), len(history))
	}
	for _, told := range v.told {
		if !slices.ContainsFunc(history, func(c modelstore.Change) bool {
			return c.PromotionID == told.promotion && c.Generation == told.version
		}) {
			v.t.Errorf("%s: version %d was announced and is lost", v.model(), told.version)
		}
	}
	v.tally["lives"]++
}

// process is the binary at work.
type process struct {
	cmd    *exec.Cmd
	url    string
	client *http.Client
	stderr *bytes.Buffer
	death  sync.Once
}

// start starts the binary as a server and waits until it listens.
func start(v *victim) (*process, error) {
	p := &process{
		cmd: exec.Command(v.binary, "serve", "--listen", "127.0.0.1:0", "--log-level", "error"), stderr: &bytes.Buffer{},
		client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute},
	}
	p.cmd.Env = append(os.Environ(), v.place.env...)
	p.cmd.Env = append(p.cmd.Env, "RETRAIN_STORE="+v.place.root.Base, "RETRAIN_DATA_ROOTS="+filepath.Dir(v.data))
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("%w: %s", err, p.stderr)
	}
	p.url, _, _ = strings.Cut(strings.TrimPrefix(said, "Listening on "), " ")
	return p, nil
}

// kill ends the process as kill -9 does, and returns when it has ended. It may
// be called more than once.
func (p *process) kill() {
	p.death.Do(func() {
		_ = p.cmd.Process.Kill() // it may have died of something else
		_ = p.cmd.Wait()         // "signal: killed"
		p.client.CloseIdleConnections()
	})
}

// answer is what became of a request; err is set if the process died over it.
type answer struct {
	status int
	body   map[string]any
	text   []byte
	took   time.Duration
	err    error
}

// ask asks for a step.
func (p *process) ask(ctx context.Context, r request) (a answer) {
	body, err := json.Marshal(r.body)
	if err != nil {
		return answer{err: err}
	}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+r.path, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	a.status = res.StatusCode
	if a.text, a.err = io.ReadAll(res.Body); a.err == nil {
		a.err = json.Unmarshal(a.text, &a.body)
	}
	a.took = time.Since(began)
	return a
}
