package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

// TestREADMEShowsWhatIsSaid retrains as the README does, and compares what it
// shows of what is said: its digest is of the very model, on any machine.
func TestREADMEShowsWhatIsSaid(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../examples/churn.csv")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("churn.csv", data, 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	for _, more := range [][]string{{"--params", `{"algorithm":"gradient_boosting","max_iter":20,"max_leaf_nodes":4}`}, nil} {
		said.Reset()
		if code := run(append([]string{"retrain", "churn.csv", "--target", "churn"}, more...), io.Discard, &said); code != exitOK {
			t.Fatalf("exit code %d: %s", code, &said)
		}
	}
	_, shown, _ := strings.Cut(said.String(), "Model 'default'")
	shown = strings.ReplaceAll(shown, folder, "/home/you")
	if !strings.Contains(string(readme), shown) {
		t.Errorf("README.md does not show this:\nModel 'default'%s", shown)
	}
}
