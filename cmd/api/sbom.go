package main

import (
	"encoding/json"
	"io"
	"net/url"
	"runtime/debug"
	"strings"
)

// bom is a software bill of materials, a CycloneDX 1.6 document of what this
// binary was linked from (ECMA-424). It has neither a serial number nor a time,
// so that a binary has one document.
type bom struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    bomMetadata `json:"metadata"`
	Components  []component `json:"components"`
}

type bomMetadata struct {
	Component component `json:"component"`
}

// component is a module. Its PURL is a package URL of type golang.
type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
}

// materials lists what the build linked: the toolchain's standard library, and
// each module at the version that was used.
func materials(info *debug.BuildInfo, version string) bom {
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	b.Metadata.Component = module("application", info.Main.Path, version)
	b.Components = []component{module("library", "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		b.Components = append(b.Components, module("library", dep.Path, dep.Version))
	}
	return b
}

func module(kind, path, version string) component {
	purl := "pkg:golang/" + strings.ToLower(path) + "@" + url.QueryEscape(version)
	return component{Type: kind, Ref: purl, Name: path, Version: version, PURL: purl}
}

// writeTo writes the document.
func (b bom) writeTo(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(b)
}
