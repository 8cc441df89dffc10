package blob_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"retrain/internal/blob"
)

// The tests here run this test binary again, as the processes that share a
// folder: TestMain plays the part that the variable names.
const (
	partVariable   = "BLOB_TEST_PART"
	folderVariable = "BLOB_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	folder := os.Getenv(folderVariable)
	switch os.Getenv(partVariable) {
	case "count":
		count(blob.NewFolder(folder))
	case "hold":
		hold(folder)
	default:
		// Each step of a property syncs to the disk: fewer than the usual 100
		// runs by default. The command line's -rapid.checks still counts.
		if err := flag.Set("rapid.checks", "20"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
}

// process starts this binary in a part.
func process(t testing.TB, part, folder string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), partVariable+"="+part, folderVariable+"="+folder)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// counterSize makes the counter large enough for a torn write to be seen.
const counterSize = 10_000

// count increments the counter until it is killed, and says so each time.
func count(f *blob.Folder) {
	for {
		value, tag := readCounter(f)
		_, err := f.Put(context.Background(), "deep/counter", counter(value+1), blob.IfMatch(tag))
		if errors.Is(err, blob.ErrCondition) {
			continue
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(value + 1)
	}
}

func counter(value int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%9d\n", value), counterSize)
}

func readCounter(f *blob.Folder) (value int, tag string) {
	data, info, err := blob.ReadAll(context.Background(), f, "deep/counter", 1<<20)
	if err != nil {
		panic(err)
	}
	value, err = strconv.Atoi(string(bytes.TrimSpace(data[:10])))
	if err != nil || !bytes.Equal(data, counter(value)) {
		panic("the counter is torn")
	}
	return value, info.ETag
}

// TestFolderSurvivesKills lets processes increment one counter, and kills each
// at some moment after it announced a few increments. Each increment that was announced must have happened, once;
// besides those, each kill may have hidden one.
func TestFolderSurvivesKills(t *testing.T) {
	const workers, lives = 3, 6
	dir := t.TempDir()
	f := blob.NewFolder(dir)
	write(t, f, "deep/counter", string(counter(0)))
	var announced atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for life := range lives {
				cmd, lines := process(t, "count", dir)
				for n := 0; lines.Scan(); n++ {
					announced.Add(1)
					if n == life {
						time.AfterFunc(time.Duration(7*worker+3*life)*time.Millisecond/4, func() { _ = cmd.Process.Kill() })
					}
				}
				_ = cmd.Wait() // it was killed
				if cmd.ProcessState.Exited() {
					t.Errorf("a process ended by itself: %v", cmd.ProcessState)
				}
			}
		})
	}
	wg.Wait()
	value, _ := readCounter(f)
	if least, most := int(announced.Load()), int(announced.Load())+workers*lives; value < least || value > most {
		t.Errorf("the counter is %d; %d increments were announced and %d processes killed", value, least, workers*lives)
	}
	write(t, blob.NewFolder(dir), "another", "write by another process")
	left, err := os.ReadDir(filepath.Join(dir, ".blob", "tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("the killed left %d files, %v", len(left), err)
	}
}

// hold takes the folder's lock and keeps it until it is killed.
func hold(folder string) {
	file, err := os.OpenFile(filepath.Join(folder, ".blob", "lock"), os.O_RDWR, 0)
	if err == nil {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("held")
	time.Sleep(time.Hour)
}

// TestFolderWaitsForTheLock stops waiting when the context ends, and gets the
// lock when its holder is killed.
func TestFolderWaitsForTheLock(t *testing.T) {
	dir := t.TempDir()
	f := blob.NewFolder(dir)
	write(t, f, "k", "old")
	cmd, lines := process(t, "hold", dir)
	lines.Scan()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.Put(ctx, "k", []byte("new"), blob.Condition{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put under another's lock: %v", err)
	}
	if data, _, err := blob.ReadAll(t.Context(), f, "k", 10); string(data) != "old" {
		t.Errorf("read %q, %v", data, err)
	}
	time.AfterFunc(30*time.Millisecond, func() { _ = cmd.Process.Kill() })
	write(t, f, "k", "new")
	_ = cmd.Wait() // it was killed
}
