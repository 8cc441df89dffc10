package modelstore

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"retrain/internal/fault"
)

// Registry answers what the store holds: which models, which of their versions
// is champion, and what came before it. It only reads.
type Registry struct{ Store *Store }

// The number of entries of a page: by default, and at most. A version costs the
// reading of its manifest, a model that of its pointer.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// readers is how many documents are read at the same time for one page.
const readers = 8

// Page says which part of a list is asked for.
type Page struct {
	After string // the last entry of the page before; "" for the first page
	Limit int    // number of entries, at most MaxPage; 0 means DefaultPage
}

func (p Page) limit() int { return pageLimit(p.Limit) }

func pageLimit(limit int) int {
	if limit <= 0 {
		return DefaultPage
	}
	return min(limit, MaxPage)
}

// cut returns the page's part of an ascending list, and the After of the next
// page: "" if there is none.
func (p Page) cut(sorted []string) (part []string, next string) {
	for len(sorted) > 0 && p.After != "" && sorted[0] <= p.After {
		sorted = sorted[1:]
	}
	if n := p.limit(); len(sorted) > n {
		return sorted[:n], sorted[n-1]
	}
	return sorted, ""
}

// ModelList is the answer of GET /models.
type ModelList struct {
	Models []ModelEntry `json:"models" doc:"In the order of their names"`
	Next   string       `json:"next,omitempty" doc:"There are more: ask again with after set to this"`
}

// ModelEntry is one model of a list.
type ModelEntry struct {
	ModelName string     `json:"model_name"`
	Version   *int64     `json:"version" doc:"The champion's; null if there is none yet"`
	SHA256    string     `json:"model_sha256,omitempty" doc:"Of the champion's model file"`
	ModelURI  string     `json:"model_uri,omitempty"`
	Since     *time.Time `json:"since" doc:"When it became champion"`
	Problem   string     `json:"problem,omitempty" doc:"Why the champion is not told: its pointer cannot be read"`
}

// Models lists the models that the store holds anything of.
func (r Registry) Models(ctx context.Context, page Page) (ModelList, error) {
	names, err := r.Store.Names(ctx)
	if err != nil {
		return ModelList{}, err
	}
	var list ModelList
	names, list.Next = page.cut(names)
	list.Models = make([]ModelEntry, len(names))
	return list, readAll(len(names), func(i int) (err error) {
		list.Models[i], err = r.entry(ctx, names[i])
		return err
	})
}

// entry describes a model. A damaged pointer spoils its own entry only.
func (r Registry) entry(ctx context.Context, name string) (ModelEntry, error) {
	e := ModelEntry{ModelName: name}
	champion, _, err := r.Store.Champion(ctx, name)
	switch {
	case fault.Is(err, fault.InvalidData):
		e.Problem = fault.From(err).Detail
		return e, nil
	case err != nil || champion == nil:
		return e, err
	}
	e.Version, e.Since = &champion.Generation, &champion.At
	e.SHA256, e.ModelURI = champion.Digest, r.Store.ModelURI(name, champion.Digest)
	return e, nil
}

// ModelInfo is the answer of GET /models/{name}: the champion.
type ModelInfo struct {
	HistoryEntry
	ModelName  string            `json:"model_name"`
	ModelURI   string            `json:"model_uri" doc:"The model file, which never changes"`
	LatestPath string            `json:"latest_path" doc:"A copy of the champion's model file under a fixed name"`
	Size       int64             `json:"size" doc:"Of the model file, in bytes"`
	Task       string            `json:"task"`
	Target     string            `json:"target" doc:"The column that it predicts"`
	Algorithm  string            `json:"algorithm"`
	Params     map[string]any    `json:"model_params" doc:"Defaults included"`
	Metrics    Scores            `json:"metrics" doc:"On the holdout, when it was trained"`
	Undefined  map[string]string `json:"metrics_undefined,omitempty" doc:"Why a metric is null"`
	Baselines  map[string]Scores `json:"baselines,omitempty"`
	Data       Data              `json:"data" doc:"What it was trained on"`
	TrainedBy  string            `json:"trained_by_run_id" doc:"The run that trained it"`
	Engine     string            `json:"engine" doc:"Version of the program that trained it"`
}

// Model describes a model's champion. If there is none the error is a
// fault.DataNotFound.
func (r Registry) Model(ctx context.Context, name string) (ModelInfo, error) {
	champion, _, err := r.Store.Champion(ctx, name)
	if err != nil {
		return ModelInfo{}, err
	}
	if champion == nil {
		return ModelInfo{}, NoChampion()
	}
	v, err := r.Store.Version(ctx, name, champion.Digest)
	if err != nil {
		return ModelInfo{}, err
	}
	m := &v.Manifest
	info := ModelInfo{
		HistoryEntry: r.historyEntry(name, champion.Change), ModelName: name, ModelURI: v.URI, LatestPath: r.Store.LatestURI(name),
		Size: m.Files[modelFile].Size, Task: m.Task, Target: m.Target, Algorithm: m.Algorithm,
		Metrics: m.Metrics, Undefined: m.Undefined, Baselines: m.Baselines,
		Data: m.Data, TrainedBy: m.RunID, Engine: m.Engine,
	}
	if err := json.Unmarshal(m.Params, &info.Params); err != nil {
		return ModelInfo{}, damaged(err, "manifest")
	}
	return info, nil
}

// NoChampion is the error for a model without a champion: a fault.DataNotFound,
// for the route exists and what it names does not.
func NoChampion() error {
	return fault.New(fault.DataNotFound, "There is no champion of this model name yet; GET /models lists the names, and /retrain makes a first one.")
}

// Report returns an evaluation's page; without an id that of the evaluation which
// let the champion in, or let it in before it came back by a rollback.
func (r Registry) Report(ctx context.Context, name, id string) ([]byte, error) {
	if id != "" {
		return r.Store.Report(ctx, name, id)
	}
	champion, _, err := r.Store.Champion(ctx, name)
	if err != nil {
		return nil, err
	}
	if champion == nil {
		return nil, NoChampion()
	}
	for _, change := range champion.changes() {
		if change.Digest == champion.Digest && change.EvaluationID != "" {
			return r.Store.Report(ctx, name, change.EvaluationID)
		}
	}
	return nil, fault.New(fault.DataNotFound, "The evaluation that let the champion in is older than its history.")
}

// VersionList is the answer of GET /models/{name}/versions.
type VersionList struct {
	ModelName string         `json:"model_name"`
	Versions  []VersionEntry `json:"versions" doc:"In the order of their digests: a stored model has no time, and a version number only once it is champion"`
	Next      string         `json:"next,omitempty" doc:"There are more: ask again with after set to this"`
}

// VersionEntry is one stored model of a list.
type VersionEntry struct {
	SHA256      string  `json:"model_sha256"`
	ModelURI    string  `json:"model_uri"`
	Champion    bool    `json:"champion" doc:"It is champion now"`
	Versions    []int64 `json:"versions" doc:"The versions as which it was or is champion, newest first"`
	RunID       string  `json:"run_id"`
	Task        string  `json:"task"`
	Target      string  `json:"target"`
	Algorithm   string  `json:"algorithm"`
	Metrics     Scores  `json:"metrics"`
	TrainRows   int64   `json:"train_rows"`
	HoldoutRows int64   `json:"holdout_rows"`
	Problem     string  `json:"problem,omitempty" doc:"Why the rest is empty: the manifest cannot be read"`
}

// Versions lists a model's stored models, champions or not.
func (r Registry) Versions(ctx context.Context, name string, page Page) (VersionList, error) {
	digests, err := r.Store.Versions(ctx, name)
	if err != nil {
		return VersionList{}, err
	}
	if len(digests) == 0 {
		return VersionList{}, noModel()
	}
	champion, _, err := r.Store.Champion(ctx, name)
	if err != nil {
		return VersionList{}, err
	}
	list := VersionList{ModelName: name}
	digests, list.Next = page.cut(digests)
	list.Versions = make([]VersionEntry, len(digests))
	return list, readAll(len(digests), func(i int) (err error) {
		list.Versions[i], err = r.version(ctx, name, digests[i], champion)
		return err
	})
}

func noModel() error {
	return fault.New(fault.DataNotFound, "The store has no version of a model of this name; GET /models lists the names.")
}

// version describes a stored model.
func (r Registry) version(ctx context.Context, name, digest string, champion *Champion) (VersionEntry, error) {
	e := VersionEntry{
		SHA256: digest, ModelURI: r.Store.ModelURI(name, digest), Champion: champion.digest() == digest, Versions: []int64{},
	}
	for _, change := range champion.changes() {
		if change.Digest == digest {
			e.Versions = append(e.Versions, change.Generation)
		}
	}
	v, err := r.Store.Version(ctx, name, digest)
	switch {
	case fault.Is(err, fault.InvalidData), fault.Is(err, fault.DataNotFound):
		e.Problem = fault.From(err).Detail
		return e, nil
	case err != nil:
		return e, err
	}
	m := &v.Manifest
	e.RunID, e.Task, e.Target, e.Algorithm, e.Metrics = m.RunID, m.Task, m.Target, m.Algorithm, m.Metrics
	e.TrainRows, e.HoldoutRows = m.Data.TrainRows, m.Data.HoldoutRows
	return e, nil
}

// HistoryList is the answer of GET /models/{name}/history.
type HistoryList struct {
	ModelName string         `json:"model_name"`
	History   []HistoryEntry `json:"history" doc:"Newest first; the first one stands. Up to 256 before it are known"`
	Next      int64          `json:"next,omitempty" doc:"There are more: ask again with before set to this"`
}

// HistoryEntry is one change of champion.
type HistoryEntry struct {
	Version         int64     `json:"version"`
	SHA256          string    `json:"model_sha256" doc:"Of the model that became champion"`
	Kind            Kind      `json:"kind" enum:"promotion,rollback"`
	Since           time.Time `json:"since" doc:"When it became champion"`
	ReplacedVersion int64     `json:"replaced_version" doc:"The champion before it; 0 for the first one"`
	RestoredVersion int64     `json:"restored_version,omitempty" doc:"Of a rollback: the version whose model came back"`
	EvaluationID    string    `json:"evaluation_id,omitempty" doc:"Of a promotion: the verdict that let it in"`
	EvaluationPath  string    `json:"evaluation_path,omitempty"`
	RunID           string    `json:"run_id,omitempty"`
	By              string    `json:"by,omitempty" doc:"Who asked for it"`
	Reason          string    `json:"reason,omitempty" doc:"Why"`
	PromotionID     string    `json:"promotion_id"`
}

func (r Registry) historyEntry(name string, c Change) HistoryEntry {
	e := HistoryEntry{
		Version: c.Generation, SHA256: c.Digest, Kind: c.Kind, Since: c.At, ReplacedVersion: c.ReplacedGeneration,
		RestoredVersion: c.RestoredGeneration, EvaluationID: c.EvaluationID, RunID: c.RunID,
		By: c.By, Reason: c.Reason, PromotionID: c.PromotionID,
	}
	if c.EvaluationID != "" {
		e.EvaluationPath = r.Store.EvaluationURI(name, c.EvaluationID)
	}
	return e
}

// History lists the changes of a model's champion before a version; 0 means
// all. A model without a champion that has versions has an empty history.
func (r Registry) History(ctx context.Context, name string, before int64, limit int) (HistoryList, error) {
	changes, err := r.Store.History(ctx, name)
	if err != nil {
		return HistoryList{}, err
	}
	if len(changes) == 0 {
		digests, err := r.Store.Versions(ctx, name)
		if err == nil && len(digests) == 0 {
			err = noModel()
		}
		return HistoryList{ModelName: name, History: []HistoryEntry{}}, err
	}
	list := HistoryList{ModelName: name, History: []HistoryEntry{}}
	for _, change := range changes {
		if before > 0 && change.Generation >= before {
			continue
		}
		if len(list.History) == pageLimit(limit) {
			list.Next = list.History[len(list.History)-1].Version
			break
		}
		list.History = append(list.History, r.historyEntry(name, change))
	}
	return list, nil
}

// readAll calls read for 0 to n-1, several at the same time, and returns the
// first error in their order.
func readAll(n int, read func(i int) error) error {
	errs := make([]error, n)
	turns := make(chan struct{}, readers)
	var all sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			errs[i] = read(i)
			<-turns
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
