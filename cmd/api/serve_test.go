package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// server is serve with one route, and a way to tell it to stop.
type server struct {
	url   string
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, grace time.Duration, handler http.HandlerFunc) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &server{"http://" + listener.Addr().String(), stop, make(chan error, 1)}
	go func() { s.ended <- serve(ctx, listener, handler, slog.New(slog.DiscardHandler), grace) }()
	t.Cleanup(stop)
	return s
}

// ask returns the answer's text by a channel.
func (s *server) ask() <-chan string {
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get(s.url)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			answer <- err.Error()
		}
		answer <- string(text)
	}()
	return answer
}

// A request that is under way when the signal comes is answered.
func TestShutdownWaitsForRequests(t *testing.T) {
	begun := make(chan bool)
	s := start(t, 10*time.Second, func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		select {
		case <-r.Context().Done():
			t.Error("the request was cancelled")
		case <-time.After(100 * time.Millisecond):
		}
		fmt.Fprint(w, "done")
	})
	answer := s.ask()
	<-begun
	s.stop()
	if got := <-answer; got != "done" {
		t.Errorf("the answer is %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

// One that takes longer is cancelled, and can still say so.
func TestShutdownCancelsWhatTakesTooLong(t *testing.T) {
	begun := make(chan bool)
	s := start(t, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-r.Context().Done()
		fmt.Fprint(w, "cancelled")
	})
	answer := s.ask()
	<-begun
	s.stop()
	if got := <-answer; got != "cancelled" {
		t.Errorf("the answer is %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", ":8080": "localhost:8080", "0.0.0.0:80": "localhost:80",
		"[::]:80": "localhost:80", "example.org:1": "example.org:1",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("%s: %s", listen, got)
		}
	}
}
