package main

import (
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestContainerMemoryIsThatOfTheControlGroup(t *testing.T) {
	for text, want := range map[string]int64{
		"1073741824\n": 1 << 30, "max\n": 0, "": 0, "9223372036854771712\n": 0, "-1\n": 0,
	} {
		for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
			if got := containerMemory(fstest.MapFS{name: {Data: []byte(text)}}); got != want {
				t.Errorf("%s of %q: %d, want %d", name, text, got, want)
			}
		}
	}
	if got := containerMemory(fstest.MapFS{}); got != 0 {
		t.Errorf("without a control group: %d", got)
	}
}

func TestMemoryIsLimitedOnLambda(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1000")
	t.Setenv("GOMEMLIMIT", "2GiB")
	if limitMemory(); debug.SetMemoryLimit(-1) != before {
		t.Error("GOMEMLIMIT was overruled")
	}
	t.Setenv("GOMEMLIMIT", "")
	if limitMemory(); debug.SetMemoryLimit(-1) != 1000<<20/10*9 {
		t.Errorf("the limit is %d", debug.SetMemoryLimit(-1))
	}
}
