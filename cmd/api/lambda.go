package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"retrain/internal/api"
	"retrain/internal/lambda"
)

// runLambda answers Lambda events until the platform ends the process.
func runLambda(s *surroundings) error {
	if os.Getenv("RETRAIN_STORE") == "" {
		return errors.New("RETRAIN_STORE is not set; on Lambda it must name where models live, such as s3://bucket/prefix")
	}
	s.common.defaultDataRoots(s.common.Store)
	collectOften()
	log := slog.New(invocationLog{slog.NewJSONHandler(s.stdout, &slog.HandlerOptions{
		Level: s.common.level(), ReplaceAttr: lambdacontext.ReplaceAttr,
	})})
	slog.SetDefault(log)
	steps, err := wire(s.common, hooks{log: log})
	if err != nil {
		return err
	}
	trigger, err := triggerOf(os.Getenv("RETRAIN_ON_DATA"))
	if err != nil {
		return err
	}
	version, commit := build()
	memory, _ := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")) // none outside of Lambda
	metrics := &embedded{to: s.stdout, now: time.Now}
	handler := lambda.Handler{
		HTTP:    api.New(steps, api.Options{Version: version, Commit: commit, Log: log, Memory: memory, Observe: metrics.observe}),
		Trigger: trigger, Log: log,
	}
	handler.Start(context.WithoutCancel(s.ctx))
	return nil
}

// triggerOf reads the body of /retrain that events which announce data lead to.
func triggerOf(text string) (lambda.Trigger, error) {
	trigger := lambda.Trigger{Path: "/retrain", Body: map[string]json.RawMessage{"model_params": json.RawMessage("{}")}}
	if text == "" {
		return trigger, nil
	}
	if err := json.Unmarshal([]byte(text), &trigger.Body); err != nil || trigger.Body == nil {
		return trigger, errors.New(`RETRAIN_ON_DATA is no JSON object such as {"target":"churn","model_params":{}}`)
	}
	return trigger, nil
}

// invocationLog adds the invocation's id to each line, as Lambda's own JSON
// logs have it, and the X-Ray trace that it belongs to.
type invocationLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (l invocationLog) Handle(ctx context.Context, r slog.Record) error {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("requestId", invocation.AwsRequestID))
		if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok {
			r.AddAttrs(slog.String("xrayTraceId", trace))
		}
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l invocationLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocationLog{l.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (l invocationLog) WithGroup(name string) slog.Handler {
	return invocationLog{l.Handler.WithGroup(name)}
}
