package runtimetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// initTimeout is how long a new process may take to ask for its first event.
const initTimeout = 10 * time.Second

// sandbox is one process of the function, with the Runtime API that it alone
// talks to. It serves one invocation at a time.
type sandbox struct {
	fn     *Function
	api    *http.Server
	addr   string
	events chan *invocation // handed to the process's request for the next event
	runs   atomic.Pointer[process]
	posts  posts
}

// process is one life of the function's binary.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed at the end; err is set before
	err    error
}

func newSandbox(fn *Function) (*sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtimetest: %w", err)
	}
	s := &sandbox{fn: fn, addr: listener.Addr().String(), events: make(chan *invocation)}
	s.api = &http.Server{Handler: s.routes(), ReadHeaderTimeout: initTimeout}
	go func() { _ = s.api.Serve(listener) }()
	return s, nil
}

// invoke starts the process if none runs, hands it the event, and waits for the
// answer, the process's end, or the deadline.
func (s *sandbox) invoke(ctx context.Context, inv *invocation) (Result, error) {
	res := Result{RequestID: inv.id}
	handed, err := s.hand(ctx, inv, &res)
	if err != nil || !handed {
		return res, err
	}
	begin := time.Now()
	end := s.await(ctx, inv)
	res.Duration = time.Since(begin)
	res.Payload, res.Err = end.payload, end.err
	return res, ctx.Err()
}

// hand gives the event to a process that asks for one. It returns false with an
// error document in res when a new process ends or hangs before it asks.
func (s *sandbox) hand(ctx context.Context, inv *invocation, res *Result) (bool, error) {
	for {
		p := s.runs.Load()
		if p == nil || p.ended() {
			var err error
			if p, err = s.start(); err != nil {
				return false, err
			}
			res.Cold = true
		}
		begin := time.Now()
		s.posts.expect(inv)
		select {
		case s.events <- inv:
			if res.Cold {
				res.Init = time.Since(begin)
			}
			return true, nil
		case <-p.exited:
			if !res.Cold {
				continue // it ended after its last answer: start another
			}
			res.fail(s.posts.takeOr(inv, exitError(inv, p)))
			return false, nil
		case <-time.After(initTimeout):
			p.kill()
			res.fail(failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Init timed out after %.2f seconds", inv.id, initTimeout.Seconds())))
			return false, nil
		case <-ctx.Done():
			p.kill()
			return false, ctx.Err()
		}
	}
}

// await waits for the end of an event that the process has.
func (s *sandbox) await(ctx context.Context, inv *invocation) outcome {
	p := s.runs.Load()
	timer := time.NewTimer(s.fn.Timeout)
	defer timer.Stop()
	select {
	case end := <-inv.end:
		return end
	case <-p.exited:
		// An answer that was given just before the exit counts.
		return s.posts.takeOr(inv, exitError(inv, p))
	case <-timer.C:
		p.kill()
		return failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, s.fn.Timeout.Seconds()))
	case <-ctx.Done():
		p.kill()
		return outcome{}
	}
}

// start runs the binary in a process group of its own, with the platform's
// environment and nothing of ours.
func (s *sandbox) start() (*process, error) {
	cmd := exec.Command(s.fn.Binary, s.fn.Args...)
	cmd.Dir = s.fn.Dir
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + s.addr,
		"AWS_LAMBDA_FUNCTION_NAME=" + s.fn.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=3008",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + s.fn.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=runtimetest",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"LAMBDA_TASK_ROOT=/var/task",
		"_HANDLER=bootstrap",
		"TZ=:UTC",
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TMPDIR=" + os.TempDir(),
	}, s.fn.Env...)
	cmd.Stdout, cmd.Stderr = s.fn.Log, s.fn.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("runtimetest: starting the function: %w", err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	s.runs.Store(p)
	return p, nil
}

func (s *sandbox) close() error {
	s.kill()
	return s.api.Close()
}

func (s *sandbox) kill() {
	if p := s.runs.Load(); p != nil {
		p.kill()
	}
}

// kill ends the process and its children, and waits for the end.
func (p *process) kill() {
	// The group may be gone already; then there is nothing to kill.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// exitError is what the platform reports for a process that ended by itself.
func exitError(inv *invocation, p *process) outcome {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return failure("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", inv.id, how))
}

func failure(errorType, message string) outcome {
	doc := &ErrorDoc{Type: errorType, Message: message}
	payload, err := json.Marshal(doc)
	if err != nil {
		panic("runtimetest: " + err.Error())
	}
	return outcome{payload: payload, err: doc}
}

func (r *Result) fail(end outcome) { r.Payload, r.Err = end.payload, end.err }
