// Command api retrains tabular models: it is the HTTP service, the Lambda
// function and the command line in one binary.
//
// It alone knows every room. It reads the configuration, wires the steps to the
// store, and runs what was asked for; what the steps do is not its business.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes. A retraining that keeps the champion is a success too.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as parameters; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var flags commandLine
	exit := exited(-1)
	parser, err := kong.New(&flags,
		kong.Name("api"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Exit(func(code int) { panic(exited(code)) }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "api:", err)
		return exitError
	}
	parsed, err := parse(parser, args, &exit)
	if exit >= 0 {
		return int(exit) // --help
	}
	if err != nil {
		fmt.Fprintf(stderr, "api: %v\nRun 'api --help' or 'api COMMAND --help' for what there is.\n", err)
		return exitUsage
	}
	limitMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err = parsed.Run(&surroundings{ctx, &flags.common, stdout, stderr})
	switch wrong := (misuse{}); {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintln(stderr, "api:", err)
		return exitUsage
	case !errors.Is(err, errReported):
		fmt.Fprintln(stderr, "api:", err)
	}
	return exitError
}

// exited is the code with which kong wants the process to end, after --help.
type exited int

// parse reads the command line. Help ends it by a panic of kong's Exit.
func parse(parser *kong.Kong, args []string, exit *exited) (ctx *kong.Context, err error) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exited)
			if !ok {
				panic(p)
			}
			*exit = code
		}
	}()
	return parser.Parse(args)
}

// surroundings are what every command gets.
type surroundings struct {
	ctx            context.Context
	common         *common
	stdout, stderr io.Writer
}

// errReported is returned by a command that has said itself what went wrong.
var errReported = errors.New("the command failed")

// misuse is a mistake on the command line that kong cannot see.
type misuse struct{ error }
