package torture

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"retrain/internal/modelstore"
)

// The specification: a register that holds the line of champions. A change is
// bound to the generation that it replaces, and takes place at most once.

// move is one champion in the line; its generation is its place, from 1.
type move struct {
	id     string // names the intention
	digest string // of the model
}

// line is a state of the register: all champions so far, never changed in place.
type line []move

func (l line) generation() int64 { return int64(len(l)) }

func (l line) digest() string {
	if len(l) == 0 {
		return ""
	}
	return l[len(l)-1].digest
}

// find returns the generation of a move, 0 if it was not made.
func (l line) find(id string) int64 {
	return int64(slices.IndexFunc(l, func(m move) bool { return m.id == id })) + 1
}

// lineOf reads a history, newest first, as a line.
func lineOf(history []modelstore.Change) line {
	var l line
	for _, c := range slices.Backward(history) {
		id := c.EvaluationID
		if c.Kind == modelstore.RolledBack {
			id = rollbackName(c.ReplacedGeneration, c.RestoredGeneration)
		}
		l = append(l, move{id, c.Digest})
	}
	return l
}

func rollbackName(from, to int64) string { return fmt.Sprintf("rollback %d to %d", from, to) }

// The operations on the register.
type (
	// swap asks for a move over one certain champion.
	swap struct {
		move
		from       int64
		fromDigest string
	}
	// look asks which champion stands, and recall for the whole line.
	look   struct{}
	recall struct{}
)

// The answers. That of recall is a line.
type (
	made      struct{ generation int64 } // of swap: the move is in the line, as that generation
	overtaken struct{}                   // of swap: it is not, and never will be
	unknown   struct{}                   // of swap: it was given up on
	standing  struct {                   // of look
		generation int64
		digest     string
	}
)

// register is the specification in porcupine's form.
func register() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{line(nil)} },
		Step:  func(state, input, output any) []any { return step(state.(line), input, output) },
		Equal: func(a, b any) bool { return slices.Equal(a.(line), b.(line)) },
	}
	return model.ToModel()
}

// step returns the states that an operation with this answer may leave.
func step(l line, input, output any) []any {
	possible := false
	switch in := input.(type) {
	case look:
		possible = output.(standing) == standing{l.generation(), l.digest()}
	case recall:
		possible = slices.Equal(output.(line), l)
	case swap:
		return l.swap(in, output)
	}
	if !possible {
		return nil
	}
	return []any{l}
}

// swap is step for a swap. A rollback to the very model that stands changes
// nothing, and is answered with the generation that stands.
func (l line) swap(in swap, output any) []any {
	before := l.find(in.id)
	fits := before == 0 && l.generation() == in.from && l.digest() == in.fromDigest
	after := l
	if fits && in.digest != in.fromDigest {
		after = append(slices.Clone(l), in.move)
	}
	switch out := output.(type) {
	case made:
		switch {
		case before > 0 && out.generation == before:
			return []any{l}
		case fits && out.generation == after.generation():
			return []any{after}
		}
	case overtaken:
		if before == 0 && !fits {
			return []any{l}
		}
	case unknown:
		return []any{l, after}
	}
	return nil
}
