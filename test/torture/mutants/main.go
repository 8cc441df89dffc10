// Command mutants shows that the tests of the model store can fail. In a copy
// of the repository it takes one safeguard of the promotion protocol away at a
// time and runs the tests, which must fail each time.
//
//	go run ./torture/mutants [-root ..]
//
// It prints a table, and ends with 1 if a mutant survives, does not compile, or
// can no longer be applied because the code has moved on. A mutant that does
// not compile proves nothing about the tests, and so counts as none.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

// tested are the packages whose tests must notice.
const tested = "./internal/modelstore/..."

func main() {
	root := flag.String("root", "..", "the repository's root")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	labs := make([]string, max(1, runtime.GOMAXPROCS(0)))
	for i := range labs {
		labs[i] = filepath.Join(dir, fmt.Sprint(i))
		if err := copyTree(root, labs[i]); err != nil {
			return err
		}
	}
	if out, err := test(labs[0]); err != nil {
		return fmt.Errorf("the tests fail without a mutation: %w\n%s", err, out)
	}
	survived := tryAll(labs)
	fmt.Printf("%d of %d mutants killed\n", len(mutants)-survived, len(mutants))
	if survived > 0 {
		return errors.New("not all safeguards are proven to be needed by a test")
	}
	return nil
}

// tryAll tries the mutants in as many copies of the repository at a time as
// there are, prints a line for each, and returns how many were not killed.
func tryAll(labs []string) (survived int) {
	todo := make(chan mutant)
	var wait sync.WaitGroup
	var mu sync.Mutex
	for _, lab := range labs {
		wait.Go(func() {
			for m := range todo {
				began := time.Now()
				by, err := m.try(lab)
				mu.Lock()
				verdict := "killed"
				if err != nil {
					verdict, by = "ALIVE", err.Error()
					survived++
				}
				fmt.Printf("%-7s %-20s %-52s %5.1fs  %s\n", verdict, m.safeguard, m.change, time.Since(began).Seconds(), by)
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		todo <- m
	}
	close(todo)
	wait.Wait()
	return survived
}

// try applies a mutant, runs the tests and returns the one that noticed.
func (m mutant) try(lab string) (killedBy string, err error) {
	path := filepath.Join(lab, "internal", "modelstore", m.file)
	sound, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(sound), m.old); n != 1 {
		return "", fmt.Errorf("its place is found %d times in %s", n, m.file)
	}
	mutated := strings.Replace(string(sound), m.old, m.new, 1)
	if err := os.WriteFile(path, []byte(mutated), 0o600); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, sound, 0o600)) }()
	if out, err := test(lab, "-run", "^$"); err != nil {
		return "", fmt.Errorf("it does not compile: %s", out)
	}
	out, err := test(lab)
	// What rapid keeps of a failure is no business of the next mutant.
	if err := os.RemoveAll(filepath.Join(filepath.Dir(path), "testdata", "rapid")); err != nil {
		return "", err
	}
	if err == nil {
		return "", errors.New("no test noticed")
	}
	failure := firstFailure.FindStringSubmatch(out)
	if failure == nil {
		return "", fmt.Errorf("no test is named: %s", out)
	}
	return failure[1], nil
}

var firstFailure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)|^panic: (test timed out)`)

func test(lab string, flags ...string) (out string, err error) {
	cmd := exec.Command("go", append([]string{"test", "-vet=off", "-failfast", "-timeout=5m"}, append(flags, tested)...)...)
	cmd.Dir = lab
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// copyTree copies the regular files of the repository, but not what tools put
// there.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); below != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || below == "bin") {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, below), 0o700)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, below), content, 0o600)
	})
}
