// Command lambdaemu runs a function's binary in the Lambda emulator and offers it
// in the form of Lambda's Invoke API, so that a state machine's engine or any
// other program can call the shipped binary:
//
//	lambdaemu -name retrain -timeout 60s -env RETRAIN_STORE=/tmp/store -- bin/api
//
// It prints the address it listens on, as one line on standard output, and what the
// function prints on standard error. It ends with SIGINT, SIGTERM or the end of
// standard input.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"retrain/internal/lambda/runtimetest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lambdaemu:", err)
		os.Exit(1)
	}
}

func run() error {
	fn := runtimetest.Function{Log: os.Stderr}
	flag.StringVar(&fn.Name, "name", "function", "the function's `name`")
	flag.DurationVar(&fn.Timeout, "timeout", 3*time.Second, "the function's timeout")
	flag.IntVar(&fn.Concurrency, "concurrency", 1, "processes at most")
	flag.StringVar(&fn.Dir, "dir", "", "the function's working `folder`")
	flag.Func("env", "`KEY=value` for the function; may be repeated", func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("want KEY=value")
		}
		fn.Env = append(fn.Env, s)
		return nil
	})
	listen := flag.String("listen", "127.0.0.1:0", "the `address` to listen on")
	flag.Parse()
	if flag.NArg() == 0 {
		return errors.New("no binary was named")
	}
	fn.Binary, fn.Args = flag.Arg(0), flag.Args()[1:]
	return serve(runtimetest.New(fn), *listen)
}

func serve(emulator *runtimetest.Emulator, address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: emulator, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Println("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return emulator.Close()
}
