// Package approval passes a person's answer on to the execution that waits for
// it.
//
// The state machine asks on its topic before a better model becomes champion,
// and sends a task token along. It knows AWS Step Functions and nothing of
// models: what an approval sets in motion is the state machine's business.
package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"retrain/internal/fault"
)

// Request is the body of POST /approve.
type Request struct {
	TaskToken string `json:"task_token" maxLength:"2048" doc:"As the message that asked for approval has it"`
	Approved  *bool  `json:"approved" doc:"true lets the model become champion, false keeps the one that stands"`
	By        string `json:"by,omitempty" maxLength:"500" doc:"Who answers, for the execution's history"`
	Reason    string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the execution's history"`
}

// Result is the answer of POST /approve.
type Result struct {
	Status   string   `json:"status"`
	Approved bool     `json:"approved"`
	Warnings []string `json:"warnings"`
}

// Step answers executions. The zero Step reads the AWS configuration from the
// environment, at the first request.
type Step struct {
	// Load returns the configuration; nil is the SDK's default.
	Load func(context.Context) (aws.Config, error)
}

// Run answers the execution that waits with the request's token. A token that
// no execution waits with is a fault.DataNotFound, and one whose execution no
// longer waits a fault.RunConflict.
func (s *Step) Run(ctx context.Context, req Request) (Result, error) {
	if err := check(req); err != nil {
		return Result{}, err
	}
	output, err := json.Marshal(map[string]any{"approved": *req.Approved, "by": req.By, "reason": req.Reason})
	if err != nil {
		return Result{}, fmt.Errorf("approval: %w", err)
	}
	client, err := s.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	_, err = client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &req.TaskToken, Output: aws.String(string(output))})
	if err != nil {
		return Result{}, explained(ctx, err)
	}
	return Result{Status: "success", Approved: *req.Approved, Warnings: []string{}}, nil
}

func check(req Request) error {
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	if req.TaskToken == "" {
		bad.At("Field required", "missing", "body", "task_token")
	}
	if req.Approved == nil {
		bad.At("Field required", "missing", "body", "approved")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (s *Step) connect(ctx context.Context) (*sfn.Client, error) {
	load := s.Load
	if load == nil {
		load = func(ctx context.Context) (aws.Config, error) { return config.LoadDefaultConfig(ctx) }
	}
	cfg, err := load(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "The service's AWS configuration cannot be read.")
	}
	if cfg.Region == "" {
		return nil, fault.New(fault.Internal, "The service knows no AWS region; set AWS_REGION.")
	}
	return sfn.NewFromConfig(cfg), nil
}

// refusals are the codes of a service that does not let us in (API Reference,
// "Common Errors").
var refusals = []string{"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"}

// explained says what an error of Step Functions means for the caller (API
// Reference, "SendTaskSuccess").
func explained(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		invalid *types.InvalidToken
		unknown *types.TaskDoesNotExist
		over    *types.TaskTimedOut
		answer  smithy.APIError
	)
	switch {
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return fault.Wrap(fault.DataNotFound, err, "No execution waits with this task token.").
			At("Not a token that an execution waits with", "not_found", "body", "task_token")
	case errors.As(err, &over):
		return fault.Wrap(fault.RunConflict, err, "The execution no longer waits: it was answered, has ended or has timed out.").
			At("The execution no longer waits", "value_error", "body", "task_token")
	case errors.As(err, &answer) && slices.Contains(refusals, answer.ErrorCode()):
		return fault.Wrap(fault.AccessDenied, err, "Step Functions refused the answer; the service needs states:SendTaskSuccess on the state machine.")
	}
	return fault.Wrap(fault.Transient, err, "Step Functions did not answer.")
}
