package main

import (
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"api": main})
}

// TestScripts runs the transcripts in testdata/script against the binary.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("LISTEN", freeAddress(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"age": age, "code": code, "healthy": healthy, "json": member, "post": post,
		},
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// code N PROGRAM ARGS… runs a program that has to end with the exit code N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if neg || got != args[0] {
		ts.Fatalf("%s ended with %s, not with %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// age FOLDER makes all files of a folder a month old.
func age(ts *testscript.TestScript, neg bool, args []string) {
	then := time.Now().AddDate(0, -1, 0)
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, then, then)
	}))
}

// healthy waits until the server at $LISTEN answers. A busy machine may need long to
// start it; the bound is for one that never comes.
func healthy(ts *testscript.TestScript, neg bool, args []string) {
	for range 3000 {
		if res, err := http.Get("http://" + ts.Getenv("LISTEN") + "/health"); err == nil {
			res.Body.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the server does not answer")
}

// post PATH FILE STATUS sends a body and keeps the answer in the file "answer".
func post(ts *testscript.TestScript, neg bool, args []string) {
	res, err := http.Post("http://"+ts.Getenv("LISTEN")+args[0], "application/json", strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	defer res.Body.Close()
	var answer json.RawMessage
	ts.Check(json.NewDecoder(res.Body).Decode(&answer))
	ts.Check(os.WriteFile(ts.MkAbs("answer"), answer, 0o644))
	if neg || !strings.HasPrefix(res.Status, args[2]) {
		ts.Fatalf("%s: %s %s", args[0], res.Status, answer)
	}
}

// json FILE MEMBER VALUE compares a member of a JSON document; a.b is the member
// b of a.
func member(ts *testscript.TestScript, neg bool, args []string) {
	var document any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &document))
	for name := range strings.SplitSeq(args[1], ".") {
		object, _ := document.(map[string]any)
		document = object[name]
	}
	got, err := json.Marshal(document)
	ts.Check(err)
	if neg != (strings.Trim(string(got), `"`) != args[2]) {
		ts.Fatalf("%s of %s is %s", args[1], args[0], got)
	}
}
