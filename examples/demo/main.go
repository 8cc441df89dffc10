// Command demo tells the main job as a story: it starts the server with a
// folder as its store, sends it three retrainings of one model over HTTP, and
// says what happened to the champion each time.
//
//	go run ./examples/demo bin/api
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo PATH-OF-API-BINARY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// chapter is one retraining of the story.
type chapter struct {
	title, why string
	rows       int // of the file, from its start; 0 is all
	params     map[string]any
	want       string // the decision that the story is about
}

var story = []chapter{
	{
		"1  The first model", "A first slice of the customers, and a small model. There is no champion to beat yet.",
		2000, map[string]any{"algorithm": "gradient_boosting", "max_iter": 8, "learning_rate": 0.1, "max_leaf_nodes": 4}, "bootstrap",
	},
	{
		"2  New data", "All customers, and nothing said about the algorithm: the one that suits them is found. Is it really better?",
		0, map[string]any{}, "promote",
	},
	{
		"3  A worse idea", "The same data with far too few, tiny trees. It must not replace the champion.",
		0, map[string]any{"algorithm": "gradient_boosting", "max_iter": 3, "max_leaf_nodes": 3}, "keep",
	},
}

func run(binary string) error {
	dir, err := os.MkdirTemp("", "retrain-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := start(binary, dir)
	if err != nil {
		return err
	}
	defer server.stop()
	fmt.Printf("Serving on %s, models in a folder of their own.\nThe question: which customers of a telephone company will leave (churn)?\n", server.url)
	for _, c := range story {
		if err := server.tell(c, dir); err != nil {
			return fmt.Errorf("%s: %w", c.title, err)
		}
	}
	return server.epilogue(dir)
}

// tell runs a chapter's four steps over HTTP, one request each, as the state
// machine does.
func (s *server) tell(c chapter, dir string) error {
	data, err := slice("examples/churn.csv", dir, c.rows)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n%s\n%s\n\n", c.title, strings.Repeat("=", len(c.title)), c.why)
	doc := document{"data_path": data, "target": "churn", "model_name": "churn", "model_params": c.params}
	for _, step := range []string{"preprocess", "train", "evaluate", "update-model"} {
		began := time.Now()
		if doc, err = s.post("/"+step, doc); err != nil {
			return err
		}
		fmt.Printf("POST /%-13s %s\n", step, describe(step, doc, time.Since(began)))
		if step == "evaluate" {
			reasons(doc)
			if doc["decision"] != c.want {
				return fmt.Errorf("the decision is %v, the story expects %s", doc["decision"], c.want)
			}
		}
	}
	return nil
}

// document is a JSON object.
type document map[string]any

func (d document) number(path ...string) float64 {
	var at any = map[string]any(d)
	for _, name := range path {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	x, _ := at.(float64)
	return x
}

func describe(step string, d document, took time.Duration) string {
	seconds := fmt.Sprintf("(%.1f s)", took.Seconds())
	switch step {
	case "preprocess":
		return fmt.Sprintf("%.0f rows read: %.0f to train on, %.0f held out to judge by %s",
			d.number("rows", "read"), d.number("rows", "train"), d.number("rows", "test"), seconds)
	case "train":
		chosen := ""
		if d["selection"] != nil {
			chosen = " (chosen by cross-validation)"
		}
		return fmt.Sprintf("%v%s: accuracy %.3f, AUC %.3f; always guessing the majority: %.3f %s", d["algorithm"], chosen,
			d.number("metrics", "accuracy"), d.number("metrics", "roc_auc"), d.number("baselines", "majority", "accuracy"), seconds)
	case "evaluate":
		return fmt.Sprintf("%v: %v %s", d["decision"], d["summary"], seconds)
	}
	if d["updated"] == true {
		return fmt.Sprintf("the endpoints now serve version %.0f %s", d.number("version"), seconds)
	}
	return fmt.Sprintf("nothing changed: version %.0f goes on serving %s", d.number("version"), seconds)
}

// reasons prints the rules of the gate and how they came out.
func reasons(d document) {
	list, _ := d["reasons"].([]any)
	for _, item := range list {
		r, _ := item.(map[string]any)
		mark := "fails "
		if r["passed"] == true {
			mark = "passes"
		}
		fmt.Printf("       %s  %-14v %-9v needs %v", mark, r["rule"], orEmpty(r["metric"]), r["required"])
		if difference, ok := r["difference"].(float64); ok {
			fmt.Printf("; is %+.4f", difference)
			if ci, ok := r["ci"].([]any); ok {
				fmt.Printf(" [%+.4f, %+.4f]", ci[0], ci[1])
			}
		}
		fmt.Println()
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// epilogue shows what a reader finds in the store.
func (s *server) epilogue(dir string) error {
	champion := filepath.Join(dir, "store", "models", "churn", "latest", "model.onnx")
	info, err := os.Stat(champion)
	if err != nil {
		return err
	}
	title := "What is left"
	fmt.Printf("\n%s\n%s\n", title, strings.Repeat("=", len(title)))
	fmt.Printf("The champion is an ONNX file of %d bytes at <store>/models/churn/latest/model.onnx, for any runtime to serve;\n"+
		"every version, with its manifest, and every verdict stay beside it.\n", info.Size())
	fmt.Println("Try it yourself: bin/api retrain examples/churn.csv --target churn; or bin/api serve, and look at /docs.")
	return nil
}

// slice writes the first rows of a CSV file below dir, and returns its path;
// the whole file is used in its place.
func slice(name, dir string, rows int) (string, error) {
	if rows == 0 {
		return filepath.Abs(name)
	}
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	var out bytes.Buffer
	lines := bufio.NewScanner(in)
	for range rows + 1 {
		if !lines.Scan() {
			break
		}
		out.Write(lines.Bytes())
		out.WriteByte('\n')
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "first_slice.csv")
	return path, os.WriteFile(path, out.Bytes(), 0o644)
}

// server is the running binary.
type server struct {
	url string
	cmd *exec.Cmd
}

func start(binary, dir string) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "serve")
	cmd.Env = append(os.Environ(), "RETRAIN_LISTEN="+address, "RETRAIN_STORE="+filepath.Join(dir, "store"),
		"RETRAIN_DATA_ROOTS="+here+","+dir, "RETRAIN_LOG_LEVEL=error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{"http://" + address, cmd}
	for range 200 {
		if _, err = s.get("/health"); err == nil {
			return s, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("the server did not become healthy: %w", err)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// stop asks the server to end, and waits for it. How it ends is of no interest:
// the story is over.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
}

func (s *server) get(path string) (document, error) { return s.do(http.MethodGet, path, nil) }

func (s *server) post(path string, body document) (document, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return s.do(http.MethodPost, path, bytes.NewReader(raw))
}

func (s *server) do(method, path string, body io.Reader) (document, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var d document
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		return nil, fmt.Errorf("%s %s: %d %v", method, path, resp.StatusCode, d["detail"])
	}
	return d, nil
}
