package main

import (
	"bytes"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMaterialsNameWhatWasLinked(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.1", Main: debug.Module{Path: "retrain", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "github.com/Some/One", Version: "v2.0.0+incompatible"},
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v1.0.1"}},
		},
	}
	got := materials(info, "v3")
	var purls []string
	for _, c := range append([]component{got.Metadata.Component}, got.Components...) {
		purls = append(purls, c.Type+" "+c.Name+" "+c.PURL)
	}
	want := []string{
		"application retrain pkg:golang/retrain@v3",
		"library std pkg:golang/std@1.26.1",
		"library github.com/Some/One pkg:golang/github.com/some/one@v2.0.0%2Bincompatible",
		"library example.com/new pkg:golang/example.com/new@v1.0.1",
	}
	if diff := cmp.Diff(want, purls); diff != "" {
		t.Error(diff)
	}
	var first, second bytes.Buffer
	if err := got.writeTo(&first); err != nil {
		t.Fatal(err)
	}
	if err := materials(info, "v3").writeTo(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("one binary has two documents")
	}
}
