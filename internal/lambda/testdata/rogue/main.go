// Command rogue is a Lambda function whose routes misbehave in the ways that the
// lambda room must survive. Only the tests build it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"retrain/internal/fault"
	"retrain/internal/lambda"
)

func main() {
	if os.Getenv("ROGUE_INIT") == "exit" {
		os.Exit(7)
	}
	margin, _ := time.ParseDuration(os.Getenv("ROGUE_MARGIN"))
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	lambda.Handler{HTTP: routes(), Margin: margin, Log: log}.Start(context.Background())
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", echo)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		answer(w, `{"status":"healthy","pid":%d}`, os.Getpid())
	})
	mux.HandleFunc("POST /panic", func(http.ResponseWriter, *http.Request) { panic("the secret of the panic") })
	mux.HandleFunc("POST /nan", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"loss":NaN}`) })
	mux.HandleFunc("POST /exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("POST /large", large)
	mux.HandleFunc("POST /sleep", func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) })
	mux.HandleFunc("POST /stop", stop)
	mux.HandleFunc("POST /wait", wait)
	return mux
}

// echo answers with what it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	doc, err := json.Marshal(map[string]any{"body": string(body), "path": r.URL.Path, "query": r.URL.Query(), "header": r.Header})
	if err != nil {
		panic(err)
	}
	answer(w, "%s", doc)
}

// large answers as many bytes as the query says.
func large(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("bytes"))
	answer(w, `{"x":"%s"}`, strings.Repeat("x", n-len(`{"x":""}`)))
}

// stop halts the whole process, timers and all.
func stop(http.ResponseWriter, *http.Request) {
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	time.Sleep(time.Minute) // until the signal has arrived
}

// wait obeys its deadline, and says so as the product does.
func wait(w http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	e := fault.From(r.Context().Err())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Kind.Info().Status)
	_, _ = w.Write(fault.Document(e, r.URL.Path, r.Header.Get("X-Request-Id")))
}

func answer(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, format, args...)
}
