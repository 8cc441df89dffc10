package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"retrain/internal/fault"
)

// Whoever stops a command is told so, and not that something is unavailable;
// the JSON document is the one of a request that ended early.
func TestAnInterruptedCommandSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var stdout, stderr bytes.Buffer
	s := &surroundings{ctx: ctx, stdout: &stdout, stderr: &stderr}
	stop()
	if err := s.failDocument(fault.From(ctx.Err())); !errors.Is(err, errReported) {
		t.Errorf("failed with %v", err)
	}
	if said := stderr.String(); !strings.Contains(said, "Interrupted: The command was stopped") || strings.Contains(said, "unavailable") {
		t.Errorf("said %q", said)
	}
	if !strings.Contains(stdout.String(), `"code":"Retrain.Transient"`) {
		t.Errorf("the document is %s", stdout.String())
	}
	stderr.Reset()
	if _ = s.fail(fault.New(fault.InvalidData, "The data are empty.")); !strings.Contains(stderr.String(), "The data are empty.") {
		t.Errorf("a fault that is none of the signal's is told as %q", stderr.String())
	}
}
