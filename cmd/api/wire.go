package main

import (
	"context"
	"log/slog"
	"time"

	"retrain/internal/api"
	"retrain/internal/approval"
	"retrain/internal/blob"
	"retrain/internal/blob/s3blob"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/predict"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// engine is the version of what the steps compute. It is part of a run's
// identity: raise it whenever the same data and parameters lead to other bytes,
// so that no stored result of older code is taken for one of this.
const engine = "3"

// hooks are told how far a retraining has come, and what goes wrong in the
// background; each may be nil.
type hooks struct {
	begin    func(step string)
	another  func(candidate, of int) // of a search
	progress func(done float64)
	log      *slog.Logger
}

// wire builds the steps over the store that the settings name. Nothing is read
// or connected yet: S3 is set up when it is first used.
func wire(c *common, h hooks) (api.Steps, error) {
	var client s3blob.Client
	s3 := func(bucket string) (blob.Bucket, error) { return client.Bucket(bucket), nil }
	store, err := blob.OpenRoot(c.Store, s3)
	if err != nil {
		return api.Steps{}, err
	}
	data, err := blob.OpenRoots(c.DataRoots, s3)
	if err != nil {
		return api.Steps{}, err
	}
	models := &modelstore.Store{Root: store, Now: time.Now}
	prepare := &preprocess.Step{
		Store: store, Data: data, Models: models, Engine: engine,
		CheckParams: train.CheckParams, CheckGate: evaluate.CheckGate, Cost: train.Cost, Now: time.Now,
	}
	fit := &train.Step{Store: store, Models: models, Engine: engine, Now: time.Now, Progress: h.progress}
	judge := &evaluate.Step{Store: store, Models: models, Engine: engine, Now: time.Now}
	update := &modelstore.Update{Store: models}
	all := &retrain.Step{
		Preprocess: prepare.Run, Train: fit.Run, Evaluate: judge.Run, Update: update.Run, Now: time.Now, Begin: h.begin, BeginCandidate: h.another,
	}
	predictor := &predict.Predictor{Store: models, Log: h.log}
	return api.Steps{
		Preprocess: prepare.Run, Train: fit.Run, Evaluate: judge.Run, Update: update.Run, Retrain: all.Run,
		Plan: prepare.Plan, ScanShares: prepare.Scan, Reduce: prepare.Reduce, WriteShares: prepare.Write, Seal: prepare.Seal,
		Predict: predictor.Run, Invoke: predictor.Invoke, InvokeCSV: predictor.CSV, Ready: predictor.Ready,
		Rollback: modelstore.Rollback{Store: models}.Run, Approve: new(approval.Step).Run, Registry: modelstore.Registry{Store: models},
		Health: func(ctx context.Context) error { return reach(ctx, store) },
	}, nil
}

// reach lists a part of the store in which there is nothing: cheap, and it
// fails where the store cannot be read.
func reach(ctx context.Context, store blob.Root) error {
	for _, err := range store.List(ctx, "health/") {
		return err
	}
	return nil
}
