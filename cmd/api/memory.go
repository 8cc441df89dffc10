package main

import (
	"io/fs"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory lets the garbage collector work harder before the process exceeds
// the memory of its Lambda function or container, and is killed. GOMEMLIMIT,
// which the runtime reads itself, goes before.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := megabytes(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if limit == 0 {
		limit = containerMemory(os.DirFS("/sys/fs/cgroup"))
	}
	if limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// collectOften keeps garbage below half of what is in use, where the default is
// as much: a training holds few large arrays without pointers, which cost the
// collector next to nothing. GOGC goes before.
func collectOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func megabytes(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return n << 20
}

// noLimit is where limits begin that are none: version 1 of control groups
// writes a very large number.
const noLimit = 1 << 50

// containerMemory returns the limit of the control group, of either version, in
// bytes, or 0 if there is none.
func containerMemory(cgroup fs.FS) int64 {
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(cgroup, name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && 0 < n && n < noLimit {
			return n
		}
	}
	return 0
}
