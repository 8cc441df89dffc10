package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"retrain/internal/api/apitest"
)

// server is serve with one route in a bubble, and a way to tell it to stop.
type server struct {
	client *http.Client
	stop   context.CancelFunc
	ended  chan error
}

func start(t *testing.T, grace time.Duration, handler http.HandlerFunc) *server {
	t.Helper()
	network := apitest.NewNetwork()
	ctx, stop := context.WithCancel(context.Background())
	s := &server{network.Client(), stop, make(chan error, 1)}
	go func() { s.ended <- serve(ctx, network, handler, slog.New(slog.DiscardHandler), grace) }()
	t.Cleanup(func() {
		stop()
		s.client.CloseIdleConnections()
	})
	return s
}

// ask returns the answer's text by a channel.
func (s *server) ask() <-chan string {
	answer := make(chan string, 1)
	go func() {
		res, err := s.client.Get("http://api/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			text = []byte(err.Error())
		}
		answer <- string(text)
	}()
	return answer
}

// A request that is under way when the signal comes is answered.
func TestShutdownWaitsForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan bool)
		s := start(t, 10*time.Second, func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			select {
			case <-r.Context().Done():
				t.Error("the request was cancelled")
			case <-time.After(9 * time.Second):
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
	})
}

// One that takes longer is cancelled, and can still say so.
func TestShutdownCancelsWhatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan bool)
		s := start(t, 10*time.Second, func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			<-r.Context().Done()
			time.Sleep(time.Second)
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
	})
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
