package torture

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
)

// The specification itself: histories that a correct store may leave, and some
// that only a broken one can.
func TestRegisterTellsRightFromWrong(t *testing.T) {
	a, b := move{"a over none", "a"}, move{"b over a", "b"}
	first, second := swap{a, 0, ""}, swap{b, 1, "a"}
	rival := swap{move{"c over a", "c"}, 1, "a"}
	same := swap{move{rollbackName(1, 1), "a"}, 1, "a"}
	for _, c := range []struct {
		name string
		ops  []porcupine.Operation
		want porcupine.CheckResult
	}{
		{"one after the other", ops(first, made{1}, second, made{2}, recall{}, line{a, b}), porcupine.Ok},
		{"told again", ops(first, made{1}, second, made{2}, first, made{1}), porcupine.Ok},
		{"a rival is told", ops(first, made{1}, second, made{2}, rival, overtaken{}), porcupine.Ok},
		{"in doubt, and done", ops(first, unknown{}, look{}, standing{1, "a"}), porcupine.Ok},
		{"in doubt, and not done", ops(first, unknown{}, look{}, standing{}, recall{}, line(nil)), porcupine.Ok},
		{"in doubt, and done late", ops(first, unknown{}, look{}, standing{}, look{}, standing{1, "a"}), porcupine.Ok},
		{"back to what stands", ops(first, made{1}, same, made{1}, recall{}, line{a}), porcupine.Ok},
		{"announced and lost", ops(first, made{1}, look{}, standing{}), porcupine.Illegal},
		{"denied and done", ops(first, overtaken{}, look{}, standing{1, "a"}), porcupine.Illegal},
		{"lost from the line", ops(first, made{1}, second, made{2}, recall{}, line{b}), porcupine.Illegal},
		{"two over one", ops(first, made{1}, second, made{2}, rival, made{3}), porcupine.Illegal},
		{"made twice", ops(first, made{1}, second, made{2}, second, made{3}), porcupine.Illegal},
		{"an old champion is seen again", ops(first, made{1}, second, made{2}, look{}, standing{1, "a"}), porcupine.Illegal},
		{"undone", ops(first, unknown{}, look{}, standing{1, "a"}, look{}, standing{}), porcupine.Illegal},
	} {
		if got := porcupine.CheckOperationsTimeout(register(), c.ops, undecidedAfter); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// ops makes a history of inputs and outputs in turn, one after the other.
func ops(inputsAndOutputs ...any) (history []porcupine.Operation) {
	for i := 0; i < len(inputsAndOutputs); i += 2 {
		op := porcupine.Operation{Input: inputsAndOutputs[i], Output: inputsAndOutputs[i+1], Call: int64(2 * i), Return: int64(2*i + 1)}
		if op.Output == (unknown{}) {
			op.Return = math.MaxInt64
		}
		history = append(history, op)
	}
	return history
}
