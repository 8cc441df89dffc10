package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"retrain/internal/api"
	"retrain/internal/fault"
	"retrain/internal/retrain"
)

// Run carries out a retraining. Its JSON document goes to stdout, be it a result
// or a problem; what a human wants to know goes to stderr.
func (c *retrainCommand) Run(s *surroundings) error {
	collectOften()
	request, err := c.request()
	if err != nil {
		return misuse{err}
	}
	s.common.defaultDataRoots(".," + s.common.Store)
	p := newProgress(s.stderr)
	steps, err := wire(s.common, hooks{begin: p.begin, another: p.candidate, progress: p.done})
	if err != nil {
		return err
	}
	result, err := steps.Retrain(s.ctx, request)
	p.end()
	if err != nil {
		return s.failDocument(err)
	}
	text, err := api.EncodeIndented(result)
	if err != nil {
		return s.failDocument(err)
	}
	summarize(s.stderr, &result)
	_, err = fmt.Fprintf(s.stdout, "%s\n", text)
	return err
}

// request builds the request from the flags by way of its JSON document, so that
// the command refuses what the route refuses.
func (c *retrainCommand) request() (retrain.Request, error) {
	params := c.Params
	if params == nil {
		params = jsonObject("{}")
	}
	body := map[string]any{"data_path": c.Data, "model_params": params}
	for name, value := range map[string]string{"target": c.Target, "model_name": c.Model, "task": c.Task, "run_id": c.RunID} {
		if value != "" {
			body[name] = value
		}
	}
	for name, value := range map[string]jsonObject{"gate": c.Gate, "split": c.Split, "read": c.Read} {
		if value != nil {
			body[name] = value
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return retrain.Request{}, err
	}
	request, err := api.DecodeRetrain(text)
	if err != nil {
		return request, fmt.Errorf("%s", explain(fault.From(err)))
	}
	return request, nil
}

// fail tells a person of an error, on stderr.
func (s *surroundings) fail(err error) error {
	e := fault.From(err)
	title, detail := e.Kind.Info().Title, explain(e)
	if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		title, detail = "Interrupted", "The command was stopped before its end; given again, it does not repeat the steps that are done."
	}
	fmt.Fprintf(s.stderr, "\n%s: %s\n", title, detail)
	if e.Kind == fault.Internal && e.Cause != nil {
		fmt.Fprintf(s.stderr, "Cause: %v\n", e.Cause)
	}
	return errReported
}

// failDocument is fail, and gives the document to whoever reads JSON from stdout.
func (s *surroundings) failDocument(err error) error {
	fmt.Fprintf(s.stdout, "%s\n", fault.Document(fault.From(err), "", ""))
	return s.fail(err)
}

// explain tells an error with its fields, under the names of the flags.
func explain(e *fault.Error) string {
	var b strings.Builder
	b.WriteString(e.Detail)
	for _, f := range e.Fields {
		if strings.Contains(e.Detail, f.Msg) {
			continue
		}
		fmt.Fprintf(&b, "\n  %s: %s", flagOf(f.Loc), f.Msg)
	}
	return b.String()
}

// flagNames are the flags by the names of the request's fields.
var flagNames = map[string]string{
	"data_path": "DATA", "model_params": "--params", "model_name": "--model", "target": "--target",
	"gate": "--gate", "read": "--read", "split": "--split", "task": "--task", "run_id": "--run-id",
	"to_version": "--to", "reason": "--reason", "by": "--by", "expected_champion_version": "--expect",
	"older-than": "--older-than", "keep": "--keep",
}

// flagOf writes a loc as the flag that it is about: --params max_iter.
func flagOf(loc []any) string {
	parts := make([]string, 0, len(loc))
	for i, part := range loc {
		text := fmt.Sprint(part)
		if i == 0 && text == "body" {
			continue
		}
		if flag, ok := flagNames[text]; ok && i == 1 {
			text = flag
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}
