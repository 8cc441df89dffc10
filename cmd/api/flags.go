package main

import (
	"encoding/json"
	"errors"
	"time"
)

const about = `Retrains tabular models: data → preprocess → train → evaluate against the champion → update.

Without a command it serves. With AWS_LAMBDA_RUNTIME_API set it is the Lambda function.`

// commandLine is the grammar that kong reads; each setting has its variable.
type commandLine struct {
	common
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Serve the HTTP API (the default)."`
	Retrain retrainCommand `cmd:"" help:"Retrain a model from a file, by all four steps."`
	Models  modelsCommand  `cmd:"" help:"Look at the stored models, or go back to an earlier champion."`
	GC      gcCommand      `cmd:"" name:"gc" help:"Delete from the store what nothing can reach any more."`
	Health  healthCommand  `cmd:"" help:"Ask a running server whether it is healthy."`
	Version versionCommand `cmd:"" help:"Print version and commit."`
}

// common are the settings of every command.
type common struct {
	Store     string `env:"RETRAIN_STORE" default:"./retrain-store" placeholder:"ROOT" help:"Where models and runs live: s3://bucket/prefix, or a folder (${default})."`
	DataRoots string `env:"RETRAIN_DATA_ROOTS" placeholder:"ROOT,…" help:"Roots that data may be read from (default: the working folder and the store; on Lambda the store)."`
	LogLevel  string `env:"RETRAIN_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"debug, info, warn or error (${default})."`
}

// listen is where the server listens, and where health asks.
type listen struct {
	Listen string `env:"RETRAIN_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the server (${default})."`
}

type serveCommand struct {
	listen
	MaxTrainings int           `env:"RETRAIN_MAX_TRAININGS" placeholder:"N" help:"Requests that may read whole data sets at the same time (default: half of the processors)."`
	Timeout      time.Duration `env:"RETRAIN_TIMEOUT" default:"1h" placeholder:"DURATION" help:"Time limit of one request (${default})."`
}

type retrainCommand struct {
	Data   string     `arg:"" help:"The training data: a file, or s3://bucket/key."`
	Target string     `placeholder:"COLUMN" help:"The column to predict (default: the champion's target, else a column named target, label or y)."`
	Model  string     `placeholder:"NAME" help:"Which of the store's models this is (default: default)."`
	Params jsonObject `placeholder:"JSON" help:"The learner's parameters, by scikit-learn's names, for example '{\"max_iter\":200}'."`
	Read   jsonObject `placeholder:"JSON" help:"How the data is written, where a sample would not tell, for example '{\"delimiter\":\";\"}'."`
	Gate   jsonObject `placeholder:"JSON" help:"What the new model has to show, for example '{\"policy\":\"non_inferior\"}'."`
	Split  jsonObject `placeholder:"JSON" help:"How the holdout is chosen, for example '{\"test_fraction\":0.3}'."`
	Task   string     `placeholder:"TASK" enum:",auto,binary,multiclass,regression" default:"" help:"auto, binary, multiclass or regression (default: auto)."`
	RunID  string     `name:"run-id" placeholder:"ID" help:"Name of the run (default: made of the data and the parameters)."`
}

type healthCommand struct {
	listen
	Deep bool `help:"Let the server reach its store too."`
}

type versionCommand struct {
	SBOM bool `name:"sbom" help:"Print what the binary was linked from instead: a CycloneDX document."`
}

// jsonObject is a flag that holds a JSON object, kept as it was written.
type jsonObject json.RawMessage

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *jsonObject) UnmarshalText(text []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return errors.New("it must be a JSON object, such as '{\"max_iter\":200}'")
	}
	*o = append((*o)[:0], text...)
	return nil
}

// MarshalJSON implements json.Marshaler.
func (o jsonObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }
