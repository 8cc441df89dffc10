package modelstore

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"retrain/internal/blob"
)

// The kinds of garbage.
const (
	garbageVersion     = "version"
	garbageEvaluations = "evaluations"
	garbageRun         = "run"
	garbageMark        = "mark" // of a GC that died, on a version that stays
)

// survey finds all that may go.
func (s *Store) survey(ctx context.Context, r Retention) ([]Garbage, error) {
	names := []string{r.ModelName}
	if r.ModelName == "" {
		var err error
		if names, err = s.Names(ctx); err != nil {
			return nil, err
		}
	}
	var garbage []Garbage
	holdouts := map[string]bool{}
	for _, name := range names {
		m, err := s.surveyModel(ctx, name, r)
		if err != nil {
			return nil, err
		}
		garbage = append(garbage, m.garbage(s.now())...)
		if err := s.holdouts(ctx, m, holdouts); err != nil {
			return nil, err
		}
	}
	if r.ModelName != "" {
		return garbage, nil
	}
	runs, err := s.surveyRuns(ctx, r, holdouts)
	return append(garbage, runs...), err
}

// pile is what lies together in the store and goes together.
type pile struct {
	objects  []blob.Info
	modified time.Time // of the youngest of them
	young    bool
	mark     *blob.Info // that of a condemned version; it makes nothing young
}

func (p *pile) add(info blob.Info, now time.Time, age time.Duration) {
	p.objects = append(p.objects, info)
	if path.Base(info.Key) == condemnedFile {
		p.mark = &info
		return
	}
	p.young = p.young || !old(info, now, age)
	if info.Modified.After(p.modified) {
		p.modified = info.Modified
	}
}

// garbage describes the pile; its keys are deleted in the order of their ranks.
func (p *pile) garbage(kind, model, name string, rank func(key string) int) Garbage {
	g := Garbage{Kind: kind, ModelName: model, Name: name, Objects: len(p.objects), Modified: p.modified}
	for _, info := range p.objects {
		g.keys = append(g.keys, info.Key)
		g.Bytes += info.Size
	}
	slices.SortStableFunc(g.keys, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return g
}

// stock is what the store holds of one model.
type stock struct {
	name     string
	standing *Champion
	versions map[string]*pile // by digest
	verdicts map[string]*pile // evaluations and pages, by the first 16 digits of the digest
	keep     map[string]bool  // digests
	rivals   []string         // those kept that never were champion and are whole
}

// surveyModel reads the pointer last, so that what it does not name is either
// not listed or was not champion when it was listed; remove asks again.
func (s *Store) surveyModel(ctx context.Context, name string, r Retention) (*stock, error) {
	m := &stock{name: name, versions: map[string]*pile{}, verdicts: map[string]*pile{}, keep: map[string]bool{}}
	if err := s.pileUp(ctx, nameKey(name)+"/sha256/", m.versions, r, digestOf); err != nil {
		return nil, err
	}
	if err := s.pileUp(ctx, nameKey(name)+"/evaluations/", m.verdicts, r, challengerOf); err != nil {
		return nil, err
	}
	var err error
	if m.standing, _, err = s.Champion(ctx, name); err != nil {
		return nil, err
	}
	for _, change := range m.standing.changes() {
		m.keep[change.Digest] = true
	}
	return m, s.keepRivals(ctx, m, r)
}

// pileUp sorts the objects below a folder into piles by what of tells of their
// keys; "" is for those that are nobody's.
func (s *Store) pileUp(ctx context.Context, folder string, piles map[string]*pile, r Retention, of func(rest string) string) error {
	for info, err := range s.Root.List(ctx, folder) {
		if err != nil {
			return err
		}
		name := of(strings.TrimPrefix(info.Key, folder))
		if name == "" {
			continue
		}
		if piles[name] == nil {
			piles[name] = &pile{}
		}
		piles[name].add(info, s.now(), r.OlderThan)
	}
	return nil
}

func digestOf(rest string) string {
	digest, _, _ := strings.Cut(rest, "/")
	if !isDigest(digest) {
		return ""
	}
	return digest
}

// challengerOf returns the first digits of the digest in the name of an
// evaluation or of its page.
func challengerOf(rest string) string {
	id, isDocument := strings.CutSuffix(rest, ".json")
	if !isDocument {
		id, isDocument = strings.CutSuffix(rest, ".html")
	}
	if !isDocument || !isEvaluationID(id) {
		return ""
	}
	return id[:16]
}

// keepRivals keeps the versions that never were champion and are young, may be
// promoted, or are among the newest.
func (s *Store) keepRivals(ctx context.Context, m *stock, r Retention) error {
	newest := 0
	for _, digest := range m.byAge() {
		p := m.versions[digest]
		verdicts := m.verdicts[digest[:16]]
		switch {
		case m.keep[digest]:
			continue
		case p.whole() && newest < r.Keep:
			newest++
			m.keep[digest] = true
		case p.young || verdicts != nil && verdicts.young:
			m.keep[digest] = true
		default:
			needed, err := s.needed(ctx, m.name, digest)
			if err != nil {
				return err
			}
			m.keep[digest] = needed
		}
		if m.keep[digest] && p.whole() {
			m.rivals = append(m.rivals, digest)
		}
	}
	return nil
}

// byAge returns the versions, those that were written to last first.
func (m *stock) byAge() []string {
	return slices.SortedFunc(maps.Keys(m.versions), func(a, b string) int {
		return cmp.Or(m.versions[b].modified.Compare(m.versions[a].modified), cmp.Compare(a, b))
	})
}

// whole reports whether a version has its manifest.
func (p *pile) whole() bool {
	return slices.ContainsFunc(p.objects, func(info blob.Info) bool { return path.Base(info.Key) == manifestFile })
}

// garbage returns the versions that do not stay, and the evaluations of none.
func (m *stock) garbage(now time.Time) []Garbage {
	var all []Garbage
	judged := map[string]bool{} // challengers whose evaluations stay or go with them
	for _, digest := range slices.Sorted(maps.Keys(m.keep)) {
		judged[digest[:16]] = judged[digest[:16]] || m.keep[digest]
	}
	for _, digest := range slices.Sorted(maps.Keys(m.versions)) {
		p := *m.versions[digest]
		if m.keep[digest] {
			if p.mark != nil && old(*p.mark, now, MinRetention) {
				mark := pile{objects: []blob.Info{*p.mark}, modified: p.mark.Modified}
				all = append(all, mark.garbage(garbageMark, m.name, digest, versionRank))
			}
			continue
		}
		if verdicts := m.verdicts[digest[:16]]; verdicts != nil && !judged[digest[:16]] {
			p.objects = append(slices.Clone(p.objects), verdicts.objects...)
			judged[digest[:16]] = true
		}
		all = append(all, p.garbage(garbageVersion, m.name, digest, versionRank))
	}
	for _, first := range slices.Sorted(maps.Keys(m.verdicts)) {
		if judged[first] {
			continue
		}
		if p := m.overtaken(first); len(p.objects) > 0 && !p.young {
			all = append(all, p.garbage(garbageEvaluations, m.name, first, versionRank))
		}
	}
	return all
}

// overtaken returns those evaluations of a version that is gone which no
// promotion can rest on any more, even if the same model is trained again: the
// champion that they compared with has been replaced.
func (m *stock) overtaken(first string) *pile {
	p := &pile{young: m.verdicts[first].young, modified: m.verdicts[first].modified}
	for _, info := range m.verdicts[first].objects {
		if generationOf(path.Base(info.Key)) < m.standing.generation() {
			p.objects = append(p.objects, info)
		}
	}
	return p
}

// versionRank is the order of deletion within a version: the manifest first, so
// that no version is listed whose files are going, then its files, then each
// verdict before its page, since a page without its verdict is shown to nobody,
// and the mark last.
func versionRank(key string) int {
	switch {
	case path.Base(key) == condemnedFile:
		return 4
	case path.Base(key) == manifestFile:
		return 0
	case !strings.Contains(key, "/evaluations/"):
		return 1
	case strings.HasSuffix(key, ".json"):
		return 2
	}
	return 3
}

// holdouts notes the runs whose holdouts the model's kept challengers need.
func (s *Store) holdouts(ctx context.Context, m *stock, runs map[string]bool) error {
	for _, digest := range m.rivals {
		v, err := s.Version(ctx, m.name, digest)
		if err != nil {
			return err
		}
		runs[path.Base(path.Dir(v.Manifest.Data.ProcessedPath))] = true
	}
	return nil
}

// surveyRuns finds the runs to which nothing has been written for long.
func (s *Store) surveyRuns(ctx context.Context, r Retention, needed map[string]bool) ([]Garbage, error) {
	runs := map[string]*pile{}
	err := s.pileUp(ctx, "runs/", runs, r, func(rest string) string {
		run, _, _ := strings.Cut(rest, "/")
		return run
	})
	if err != nil {
		return nil, err
	}
	var all []Garbage
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		if p := runs[run]; !p.young && !needed[run] {
			all = append(all, p.garbage(garbageRun, "", run, runRank))
		}
	}
	return all, nil
}

// runRank lets the recipe go first: it vouches for the data beside it.
func runRank(key string) int {
	if path.Base(key) == "recipe.json" {
		return 0
	}
	return 1
}
