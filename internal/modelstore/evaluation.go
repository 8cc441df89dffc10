package modelstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// evaluationFormat is the version of an evaluation's form.
const evaluationFormat = 1

// Comparison is everything that determines how an evaluation comes out. Two
// evaluations of equal Comparisons have equal verdicts, so one is enough.
type Comparison struct {
	ModelName   string `json:"model_name"`
	ModelDigest string `json:"model_digest"` // of the challenger
	// ChampionGeneration and ChampionDigest are of the champion that it was
	// compared with; 0 and "" if there was none.
	ChampionGeneration int64  `json:"champion_generation"`
	ChampionDigest     string `json:"champion_digest"`
	HoldoutDigest      string `json:"holdout_digest"` // of the rows that both were scored on
	GateDigest         string `json:"gate_digest"`    // of the gate's settings, defaults included
	Engine             string `json:"engine"`         // version of the program that compared them
}

// ID returns the name of the comparison's evaluation, which is known before
// the evaluation is made:
//
//	<first 16 digits of the challenger's digest>-g<generation>-<first 16 digits of SHA-256 of the Comparison>
//
// The first two parts make evaluations findable by listing; nothing is decided
// by them, since an evaluation holds all the digests in full.
func (c Comparison) ID() string {
	canonical, err := json.Marshal(c)
	if err != nil {
		panic("modelstore: a comparison does not encode: " + err.Error())
	}
	return fmt.Sprintf("%.16s-g%d-%.16s", c.ModelDigest, c.ChampionGeneration, Digest(canonical))
}

// isEvaluationID reports whether s has the form of Comparison.ID.
func isEvaluationID(s string) bool {
	parts := strings.Split(s, "-")
	return len(parts) == 3 && isHex(parts[0], 16) && isHex(parts[2], 16) &&
		parts[1] == fmt.Sprintf("g%d", generationOf(s)) && generationOf(s) >= 0
}

// generationOf returns the generation in an evaluation's id, -1 if there is
// none.
func generationOf(id string) int64 {
	_, rest, _ := strings.Cut(id, "-g")
	digits, _, _ := strings.Cut(rest, "-")
	generation, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return generation
}

// Evaluation is the stored verdict on a challenger.
type Evaluation struct {
	Format int `json:"format"` // filled by PutEvaluation
	Comparison
	// Decision is promote, keep, bootstrap or champion_incompatible.
	Decision     string          `json:"decision"`
	ShouldUpdate bool            `json:"should_update"`
	RunID        string          `json:"run_id"`
	At           time.Time       `json:"at"`              // filled by PutEvaluation if zero
	Report       File            `json:"report,omitzero"` // describes Page; filled by PutEvaluation
	Result       json.RawMessage `json:"result"`          // the whole answer of /evaluate

	// SHA256 names the stored document; filled when it is stored or read.
	SHA256 string `json:"-"`
	// Page is the evaluation as a page, which PutEvaluation stores before the
	// evaluation itself; nil for none. Report reads it back.
	Page []byte `json:"-"`
}

// PutEvaluation stores an evaluation under its Comparison's ID and returns what
// then stands, and whether it stood before: of several writers the first one
// counts, and the others learn what it wrote. Only a document that is damaged,
// and so can justify nothing, is replaced.
func (s *Store) PutEvaluation(ctx context.Context, e Evaluation) (stands Evaluation, existed bool, err error) {
	if err := CheckName(e.ModelName); err != nil {
		return Evaluation{}, false, err
	}
	if err := checkNote(e.RunID, "run_id"); err != nil {
		return Evaluation{}, false, err
	}
	e.Format = evaluationFormat
	if e.At.IsZero() {
		e.At = s.now()
	}
	if err := e.check(e.ModelName, e.ID()); err != nil {
		return Evaluation{}, false, fmt.Errorf("modelstore: an evaluation to store: %w", err)
	}
	if e.Report, err = s.putReport(ctx, &e); err != nil {
		return Evaluation{}, false, err
	}
	ours, err := seal(e, maxDocument)
	if err != nil {
		return Evaluation{}, false, err
	}
	check := func(stands []byte) error { _, err := openEvaluation(stands, e.ModelName, e.ID()); return err }
	sealed, err := s.createOrMend(ctx, evaluationKey(e.ModelName, e.ID()), ours, maxDocument, check)
	if err != nil {
		return Evaluation{}, false, err
	}
	stands, err = openEvaluation(sealed, e.ModelName, e.ID())
	return stands, string(sealed) != string(ours), err
}

// Evaluation returns a stored evaluation. One that does not exist is a
// fault.DataNotFound, one that is not as it was written a fault.InvalidData.
func (s *Store) Evaluation(ctx context.Context, name, id string) (Evaluation, error) {
	if err := CheckName(name); err != nil {
		return Evaluation{}, err
	}
	if !isEvaluationID(id) {
		return Evaluation{}, fault.New(fault.InvalidRequest, "This is not the id of an evaluation.").
			At("An id is the name of an evaluation's file, without .json", "string_pattern_mismatch", "path", "id")
	}
	sealed, _, err := blob.ReadAll(ctx, s.Root, evaluationKey(name, id), maxDocument)
	if errors.Is(err, blob.ErrNotFound) {
		return Evaluation{}, fault.Wrap(fault.DataNotFound, err, "There is no such stored evaluation.")
	}
	if err != nil {
		return Evaluation{}, err
	}
	return openEvaluation(sealed, name, id)
}

// openEvaluation decodes a stored evaluation and checks that it is the one of
// the name and id that it was found under.
func openEvaluation(sealed []byte, name, id string) (Evaluation, error) {
	var e Evaluation
	digest, err := open(sealed, evaluationFormat, &e)
	if err == nil {
		err = e.check(name, id)
	}
	if err != nil {
		return Evaluation{}, damaged(err, "evaluation")
	}
	e.SHA256 = digest
	return e, nil
}

// check checks that an evaluation is whole and agrees with itself.
func (e *Evaluation) check(name, id string) error {
	first := e.ChampionGeneration == 0
	switch {
	case e.ModelName != name || e.ID() != id:
		return errors.New("it is another comparison's")
	case !isDigest(e.ModelDigest) || first != (e.ChampionDigest == "") || !first && !isDigest(e.ChampionDigest):
		return errors.New("it does not name what it compared")
	case e.ChampionGeneration < 0:
		return errors.New("it names no generation")
	}
	return e.checkVerdict()
}

// checkVerdict checks that the decision and should_update agree.
func (e *Evaluation) checkVerdict() error {
	agree := false
	switch e.Decision {
	case "promote":
		agree = e.ShouldUpdate && e.ChampionGeneration > 0
	case "keep":
		agree = !e.ShouldUpdate
	case "bootstrap":
		agree = e.ChampionGeneration == 0
	case "champion_incompatible":
		agree = e.ChampionGeneration > 0
	}
	if e.ShouldUpdate && e.ModelDigest == e.ChampionDigest {
		agree = false // a model cannot replace itself
	}
	if !agree {
		return errors.New("its decision is not one that its comparison can have")
	}
	return nil
}

// maxEvaluations bounds how many evaluations of one model are read to find the
// one that an update may rest on.
const maxEvaluations = 256

// Evaluations returns the stored evaluations of a version, at most 256 of
// them, those of the highest generations first. Documents that are damaged are
// left out: they can justify nothing.
func (s *Store) Evaluations(ctx context.Context, name, digest string) ([]Evaluation, error) {
	ids, err := s.evaluationIDs(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	var found []Evaluation
	for _, id := range ids[:min(len(ids), maxEvaluations)] {
		e, err := s.Evaluation(ctx, name, id)
		switch {
		case fault.Is(err, fault.InvalidData), fault.Is(err, fault.DataNotFound):
		case err != nil:
			return nil, err
		case e.ModelDigest == digest:
			found = append(found, e)
		}
	}
	return found, nil
}
