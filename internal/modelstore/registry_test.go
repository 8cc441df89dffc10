package modelstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

func TestRegistryTellsTheChampion(t *testing.T) {
	s := newStore()
	r := Registry{s}
	crown(t, s, "churn", "first")
	crown(t, s, "churn", "second")
	_, err := s.Rollback(t.Context(), "churn", 1, nil, Asked{By: "ann", Reason: "too eager"}, nil)
	must(t, err)
	info, err := r.Model(t.Context(), "churn")
	must(t, err)
	digest := Digest([]byte("first"))
	if info.Version != 3 || info.SHA256 != digest || info.Kind != RolledBack || info.RestoredVersion != 1 || info.By != "ann" ||
		info.ModelURI != s.ModelURI("churn", digest) || info.Algorithm != "logistic_regression" || info.Target != "churn" ||
		info.Size != 5 || *info.Metrics["accuracy"] != 0.81 || info.Params["max_iter"] != 100.0 || !info.Since.Equal(s.Now()) {
		t.Errorf("%+v", info)
	}
}

func TestRegistryLists(t *testing.T) {
	s := newStore()
	r := Registry{s}
	for i := range 5 {
		add(t, s, fmt.Sprintf("m%d", i), "model")
	}
	crown(t, s, "m3", "champion")
	var names []string
	page := Page{Limit: 2}
	for {
		list, err := r.Models(t.Context(), page)
		must(t, err)
		for _, m := range list.Models {
			names = append(names, m.ModelName)
			if (m.Version != nil) != (m.ModelName == "m3") || (m.Since != nil) != (m.ModelName == "m3") {
				t.Errorf("%+v", m)
			}
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"m0", "m1", "m2", "m3", "m4"}, names); diff != "" {
		t.Error(diff)
	}
	versions, err := r.Versions(t.Context(), "m3", Page{})
	must(t, err)
	if len(versions.Versions) != 2 || versions.Next != "" {
		t.Fatalf("%+v", versions)
	}
	for _, v := range versions.Versions {
		champion := v.SHA256 == Digest([]byte("champion"))
		if v.Champion != champion || (len(v.Versions) == 1) != champion || v.TrainRows != 80 || v.RunID != "run-1" {
			t.Errorf("%+v", v)
		}
	}
}

func TestRegistryPagesTheHistory(t *testing.T) {
	s := newStore()
	for i := range 5 {
		crown(t, s, "m", fmt.Sprintf("model %d", i))
	}
	var got []int64
	before := int64(0)
	for {
		list, err := Registry{s}.History(t.Context(), "m", before, 2)
		must(t, err)
		for _, h := range list.History {
			got = append(got, h.Version)
			if h.Kind != Promoted || h.EvaluationPath == "" || h.ReplacedVersion != h.Version-1 {
				t.Errorf("%+v", h)
			}
		}
		if before = list.Next; before == 0 {
			break
		}
	}
	if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRegistryOfNothing(t *testing.T) {
	s := newStore()
	r := Registry{s}
	if list, err := r.Models(t.Context(), Page{}); err != nil || len(list.Models) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	for what, ask := range map[string]func(context.Context, string) error{
		"model":    func(ctx context.Context, name string) error { _, err := r.Model(ctx, name); return err },
		"versions": func(ctx context.Context, name string) error { _, err := r.Versions(ctx, name, Page{}); return err },
		"history":  func(ctx context.Context, name string) error { _, err := r.History(ctx, name, 0, 0); return err },
	} {
		if err := ask(t.Context(), "nobody"); !fault.Is(err, fault.DataNotFound) {
			t.Errorf("%s: %v", what, err)
		}
		if err := ask(t.Context(), "../x"); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s: %v", what, err)
		}
	}
	add(t, s, "young", "model")
	if list, err := r.History(t.Context(), "young", 0, 0); err != nil || len(list.History) != 0 {
		t.Errorf("%+v %v", list, err)
	}
}

// What is damaged is told in its own entry; the others are still listed.
func TestRegistryWithDamage(t *testing.T) {
	bucket := blob.NewMemory()
	s := over(bucket)
	crown(t, s, "a", "one")
	crown(t, s, "b", "two")
	for _, key := range []string{"models/a/champion.json", manifestKey("b", Digest([]byte("two")))} {
		_, err := bucket.Put(t.Context(), key, []byte("{}"), blob.Condition{})
		must(t, err)
	}
	models, err := Registry{s}.Models(t.Context(), Page{})
	must(t, err)
	if a, b := models.Models[0], models.Models[1]; a.Problem == "" || a.Version != nil || b.Problem != "" || *b.Version != 1 {
		t.Errorf("%+v", models)
	}
	versions, err := Registry{s}.Versions(t.Context(), "b", Page{})
	must(t, err)
	if v := versions.Versions[0]; v.Problem == "" || !v.Champion || v.Metrics != nil {
		t.Errorf("%+v", v)
	}
	if _, err := (Registry{s}).Model(t.Context(), "b"); !fault.Is(err, fault.InvalidData) {
		t.Error(err)
	}
}
