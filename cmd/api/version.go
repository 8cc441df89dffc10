package main

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Set by the Makefile with -ldflags -X.
var version, commit string

// build returns the version and the commit that this binary was built from: what
// the linker was told, else what the Go toolchain knows.
func build() (v, c string) {
	v, c = version, commit
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return orElse(v, "unknown"), orElse(c, "unknown")
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			c = orElse(c, setting.Value)
		}
	}
	return orElse(v, info.Main.Version), orElse(c, "unknown")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Run prints the version.
func (c versionCommand) Run(s *surroundings) error {
	v, commit := build()
	if c.SBOM {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return errors.New("the binary does not say what it was linked from")
		}
		return materials(info, v).writeTo(s.stdout)
	}
	_, err := fmt.Fprintf(s.stdout, "%s (%s)\n", v, commit)
	return err
}
