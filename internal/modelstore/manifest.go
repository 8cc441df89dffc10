package modelstore

import (
	"encoding/json"
	"fmt"

	"retrain/internal/fault"
)

// manifestFormat is the version of the manifest's form.
const manifestFormat = 1

// Manifest says what a version is made of and where it comes from. It is a
// function of what the version was trained on and with: it holds no time, no
// host and nothing else that another run of the same training would change.
type Manifest struct {
	Format    int             `json:"format"`     // filled by Add
	ModelName string          `json:"model_name"` // filled by Add
	Files     map[string]File `json:"files"`      // by name, filled by Add: model.onnx and the attachments

	RunID        string          `json:"run_id"`
	Engine       string          `json:"engine"`        // version of the program that trained it
	Task         string          `json:"task"`          // binary, multiclass or regression
	Target       string          `json:"target"`        // the column that it predicts
	Algorithm    string          `json:"algorithm"`     // the learner
	Params       json.RawMessage `json:"params"`        // the learner's parameters, defaults included
	RecipeSHA256 string          `json:"recipe_sha256"` // of the recipe inside the model
	Data         Data            `json:"data"`

	Metrics   Scores            `json:"metrics"`                     // on the holdout
	Undefined map[string]string `json:"metrics_undefined,omitempty"` // why a metric is
	Baselines map[string]Scores `json:"baselines,omitempty"`         // by the baseline's name
	Golden    []Golden          `json:"golden"`
}

// File describes one file of a version.
type File struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
}

// Data identifies what a version was trained on.
type Data struct {
	Sources []Source `json:"sources"`
	// Digest is the canonical digest of the data as it was used: the same for
	// the same table, however it was cut into files or compressed.
	Digest string `json:"digest"`
	// ProcessedPath is where the processed data was written, holdout included.
	// In a store that was copied elsewhere only its end, the run's key, holds.
	ProcessedPath string `json:"processed_data_path"`
	// HoldoutSHA256 identifies the rows that judge the version.
	HoldoutSHA256 string `json:"holdout_sha256"`
	TrainRows     int64  `json:"train_rows"`
	HoldoutRows   int64  `json:"holdout_rows"`
}

// Source is one object that data was read from.
type Source struct {
	URI    string `json:"uri"`
	ETag   string `json:"etag,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // of the object's bytes
	Size   int64  `json:"size"`             // bytes
}

// Scores holds metrics by name; nil is an undefined one.
type Scores map[string]*float64

// complete fills in what a manifest says about its own model.
func (m *Manifest) complete(name, digest string, model []byte, attachments []Attachment) error {
	if m.ModelName != "" && m.ModelName != name {
		return fault.New(fault.Internal, "The manifest is another model's.")
	}
	m.Format, m.ModelName = manifestFormat, name
	return m.list(digest, model, attachments)
}

// openManifest decodes a stored manifest and checks that it is the one of the
// version that it was found at.
func openManifest(sealed []byte, name, digest string) (Manifest, error) {
	var m Manifest
	_, err := open(sealed, manifestFormat, &m)
	switch {
	case err != nil:
	case m.ModelName != name:
		err = fmt.Errorf("the manifest is of model %q", m.ModelName)
	default:
		err = m.checkFiles(digest)
	}
	if err != nil {
		return Manifest{}, damaged(err, "manifest")
	}
	return m, nil
}
