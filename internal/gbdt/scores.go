package gbdt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// The raw scores of all rows after some rounds, as bytes:
//
//	magic | digests of data, bins, parameters | rounds | the scores, eight bytes
//	each, little-endian, row by row for each raw score | SHA-256 of all before
//
// A checkpoint does without them. They only save the time of replaying its
// trees, which would grow with each resumption until nothing else gets done.
const scoresMagic = "retrain raw scores 1\n"

// maxScores bounds the bytes of scores: those of 16 million rows for a binary
// task. Beyond it, trees are replayed.
const maxScores = 128 << 20

const scoresHead = len(scoresMagic) + 3*sha256.Size + 8

// Scores returns the raw scores after this round, for Options.Scores; nil if
// they would take too much room.
func (r *Round) Scores() []byte {
	t := r.trainer
	size := scoresHead + 8*len(t.scores)*t.data.rows + sha256.Size
	if size > maxScores {
		return nil
	}
	text := t.scoresHead(make([]byte, 0, size), t.rounds())
	text = text[:size-sha256.Size]
	for k, scores := range t.scores {
		of := text[scoresHead+8*k*t.data.rows:]
		for place, row := range t.data.numbers {
			binary.LittleEndian.PutUint64(of[8*row:], math.Float64bits(scores[place]))
		}
	}
	seal := sha256.Sum256(text)
	return append(text, seal[:]...)
}

// scoresHead appends all that is before the scores.
func (t *trainer) scoresHead(text []byte, rounds int) []byte {
	if t.identity == nil {
		t.identity = identify(t.data, t.params, t.pool)
	}
	text = append(text, scoresMagic...)
	for _, digest := range [][sha256.Size]byte{t.identity.data, t.identity.bins, t.identity.params} {
		text = append(text, digest[:]...)
	}
	return binary.LittleEndian.AppendUint64(text, uint64(rounds))
}

// takeScores puts scores in place that the same training had after some of the
// resumed rounds, and returns how many. Anything else is not taken: 0.
func (t *trainer) takeScores(text []byte) (rounds int) {
	body := len(text) - sha256.Size
	if body != scoresHead+8*len(t.scores)*t.data.rows {
		return 0
	}
	rounds = int(binary.LittleEndian.Uint64(text[scoresHead-8:]))
	if rounds < 0 || rounds > len(t.resumed)/len(t.scores) || !bytes.HasPrefix(text, t.scoresHead(nil, rounds)) {
		return 0
	}
	if seal := sha256.Sum256(text[:body]); !bytes.Equal(seal[:], text[body:]) {
		return 0
	}
	for k, scores := range t.scores {
		of := text[scoresHead+8*k*t.data.rows:]
		for place, row := range t.data.numbers {
			scores[place] = math.Float64frombits(binary.LittleEndian.Uint64(of[8*row:]))
		}
	}
	return rounds
}
