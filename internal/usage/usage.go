// Package usage says what a step took of the machine.
//
// It reads clocks and the kernel's books, and knows nothing of the steps.
package usage

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"strconv"
	"time"
)

// Usage is what a request took.
type Usage struct {
	DurationMS   float64 `json:"duration_ms" doc:"Of the request, decoding and waiting included"`
	PeakMemoryMB float64 `json:"peak_memory_mb,omitzero" doc:"The most memory that the process has had resident so far, in MiB; absent where the system does not tell"`
	GBSeconds    float64 `json:"gb_seconds,omitzero" doc:"What AWS bills for the duration at the function's memory; only on Lambda"`
}

// Since measures what was taken since start by a function with the given
// memory in MB; 0 stands for a process that is no function. Lambda bills each
// millisecond that was begun.
func Since(start time.Time, memoryMB int) *Usage {
	took := time.Since(start)
	ms := math.Ceil(took.Seconds() * 1000)
	return &Usage{
		DurationMS:   float64(took.Microseconds()) / 1000,
		PeakMemoryMB: math.Round(float64(PeakMemory())/(1<<20)*10) / 10,
		GBSeconds:    math.Round(float64(memoryMB)/1024*ms) / 1000,
	}
}

// PeakMemory returns the most bytes that the process has had resident, or 0
// where the system does not tell (proc_pid_status(5), VmHWM).
func PeakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if rest, ok := bytes.CutPrefix(lines.Bytes(), []byte("VmHWM:")); ok {
			kb, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(rest, []byte("kB")))), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
