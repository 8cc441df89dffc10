package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"retrain/internal/api"
)

// grace is how long requests that are under way may go on after a signal, and
// lastWord how long they then have to answer that they were cancelled. Container
// platforms kill after ten seconds.
const (
	grace    = 7 * time.Second
	lastWord = 2 * time.Second
)

// Run serves until a signal comes.
func (c *serveCommand) Run(s *surroundings) error {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		return runLambda(s)
	}
	s.common.defaultDataRoots(".," + s.common.Store)
	log := slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: s.common.level()}))
	steps, err := wire(s.common, hooks{log: log})
	if err != nil {
		return err
	}
	version, commit := build()
	handler := api.New(steps, api.Options{
		Version: version, Commit: commit, Log: log, MaxTrainings: c.MaxTrainings, Timeout: c.Timeout,
	})
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return cannotListen(c.Listen, err)
	}
	fmt.Fprintf(s.stdout, "Listening on http://%s (documentation: http://%[1]s/docs)\n", listener.Addr())
	return serve(s.ctx, listener, handler, log, grace)
}

// serve answers requests on the listener until ctx ends. Those that are under
// way then go on for the time of grace; what is left of them is cancelled.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger, grace time.Duration) error {
	work, cutShort := context.WithCancel(context.WithoutCancel(ctx))
	defer cutShort()
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return work },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down")
	if shutdown(server, grace) != nil {
		cutShort()
		if shutdown(server, lastWord) != nil {
			server.Close()
			return errors.New("requests were still under way when the time to shut down was over")
		}
	}
	return nil
}

// shutdown waits until no request is under way, for at most the limit.
func shutdown(server *http.Server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return server.Shutdown(ctx)
}

func cannotListen(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: the port is in use; choose another one with --listen or RETRAIN_LISTEN", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s: not permitted; choose a port from 1024 on with --listen or RETRAIN_LISTEN", address)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}

func (c *common) defaultDataRoots(roots string) {
	if c.DataRoots == "" {
		c.DataRoots = roots
	}
}

func (c *common) level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		panic(err) // kong has checked it
	}
	return level
}
