package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

const modelName = "churn"

// person is a promoter, an operator or a reader.
type person struct {
	trial *trial
	id    int
	dice  *rand.Rand
	store *modelstore.Store
	log   *[]string // of the person's requests
}

// promote takes some models through their lives: stored, compared with the
// champion that stands, promoted.
func (p *person) promote() {
	for range rounds {
		p.idle(200 * time.Millisecond)
		evaluation, ok := p.judge(fmt.Sprintf("model %d", p.dice.IntN(5)))
		switch {
		case !ok: // it is champion already
		case evaluation.ShouldUpdate:
			p.idle(200 * time.Millisecond)
			move := move{evaluation.ID(), evaluation.ModelDigest}
			p.swap(swap{move, evaluation.ChampionGeneration, evaluation.ChampionDigest},
				func(ctx context.Context) (modelstore.Promotion, error) {
					return p.store.Promote(ctx, modelName, evaluation.ID(), modelstore.Asked{}, nil)
				})
		default:
			p.mustNotPass(evaluation)
		}
	}
}

// judge stores a model and its evaluation against the champion that stands.
// There are few models, so that promoters meet with the same one in hand.
func (p *person) judge(model string) (e modelstore.Evaluation, ok bool) {
	ctx := p.trial.t.Context()
	var version modelstore.Version
	p.insist(func() (err error) {
		version, err = p.store.Add(ctx, modelName, []byte(model), modelstore.Manifest{RunID: "run"})
		return err
	})
	champion := p.look(ctx)
	if champion.digest == version.Digest {
		return e, false
	}
	p.insist(func() (err error) {
		e, _, err = p.store.PutEvaluation(ctx, verdict(version.Digest, champion))
		return err
	})
	return e, true
}

// verdict is a function of the comparison, as every evaluation is; it says no
// to one pair in eight.
func verdict(digest string, champion standing) modelstore.Evaluation {
	e := modelstore.Evaluation{
		Comparison: modelstore.Comparison{
			ModelName: modelName, ModelDigest: digest,
			ChampionGeneration: champion.generation, ChampionDigest: champion.digest,
			HoldoutDigest: modelstore.Digest([]byte("holdout")), GateDigest: modelstore.Digest([]byte("gate")), Engine: "test",
		},
		Decision: "promote", ShouldUpdate: true, RunID: "run", Result: json.RawMessage(`{}`),
	}
	if champion.generation == 0 {
		e.Decision = "bootstrap"
	} else if (digest[0]^champion.digest[0])&7 == 0 {
		e.Decision, e.ShouldUpdate = "keep", false
	}
	return e
}

// mustNotPass tries to promote a model that the gate refused.
func (p *person) mustNotPass(e modelstore.Evaluation) {
	_, err := p.store.Promote(p.trial.t.Context(), modelName, e.ID(), modelstore.Asked{}, nil)
	if !fault.Is(err, fault.GateNotPassed) && !inDoubt(err) {
		p.trial.t.Errorf("seed %d: the promotion of a refused model ends with %v", p.trial.seed, err)
	}
}

// rollBack goes back to random earlier champions, each time over the one that
// stands.
func (p *person) rollBack() {
	for range rounds {
		p.idle(2 * time.Second)
		l := p.recall(p.trial.t.Context())
		if len(l) < 2 {
			continue
		}
		from := l.generation()
		to := 1 + p.dice.Int64N(from-1)
		p.idle(200 * time.Millisecond)
		p.swap(swap{move{rollbackName(from, to), l[to-1].digest}, from, l.digest()},
			func(ctx context.Context) (modelstore.Promotion, error) {
				return p.store.Rollback(ctx, modelName, to, &from, modelstore.Asked{Reason: "torture"}, nil)
			})
	}
}

// swap asks for a move until the outcome is known, or gives up.
func (p *person) swap(input swap, ask func(context.Context) (modelstore.Promotion, error)) {
	called := p.now()
	for {
		ctx, end := p.hurried()
		promotion, err := ask(ctx)
		end()
		switch {
		case err == nil:
			p.record(called, input, made{promotion.Generation})
			return
		case fault.Is(err, fault.ChampionChanged):
			p.record(called, input, overtaken{})
			return
		case !inDoubt(err):
			p.trial.t.Errorf("seed %d: %+v ends with %v", p.trial.seed, input, err)
			return
		case p.comes(50):
			p.record(called, input, unknown{})
			return
		}
	}
}

// read looks at the champion, at its files and at the history.
func (p *person) read() {
	ctx := p.trial.t.Context()
	for range looks {
		p.idle(time.Second)
		if p.comes(30) {
			p.recall(ctx)
			continue
		}
		champion := p.look(ctx)
		if champion.digest == "" {
			continue
		}
		p.insist(func() error {
			_, err := p.store.Load(ctx, modelName, champion.digest)
			return err
		})
	}
}

func (p *person) look(ctx context.Context) (stands standing) {
	var called int64
	p.insist(func() error {
		called = p.now()
		champion, _, err := p.store.Champion(ctx, modelName)
		if champion != nil {
			stands = standing{champion.Generation, champion.Digest}
		}
		return err
	})
	p.record(called, look{}, stands)
	return stands
}

func (p *person) recall(ctx context.Context) (l line) {
	var called int64
	p.insist(func() error {
		called = p.now()
		changes, err := p.store.History(ctx, modelName)
		l = lineOf(changes)
		return err
	})
	p.record(called, recall{}, l)
	return l
}

// insist repeats a step while the store is out of reach. Any other error ends
// the trial: nothing else may go wrong.
func (p *person) insist(step func() error) {
	for {
		err := step()
		if err == nil {
			return
		}
		if !inDoubt(err) {
			p.trial.t.Errorf("seed %d: client %d: %v", p.trial.seed, p.id, err)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// inDoubt reports whether an error leaves the outcome open.
func inDoubt(err error) bool {
	return fault.Is(err, fault.Transient) || errors.Is(err, context.DeadlineExceeded)
}

func (p *person) now() int64 { return int64(time.Since(p.trial.start)) }

func (p *person) idle(longest time.Duration) {
	time.Sleep(time.Duration(p.dice.Int64N(int64(longest))))
}
