// Package rapi runs a function's real bootstrap behind the Lambda runtime API, and delivers the records of a stream to it as Lambda's poller does.
//
// A Process is one execution environment: one operating system process that asks for an event, answers it, and asks for the next. A Function keeps one going, and
// starts another after a crash or a time-out, as Lambda does. Nothing listens but on the loopback.
package rapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"shopkeeper/shared/process"
)

// DefaultTimeout is how long one event may take.
const DefaultTimeout = 30 * time.Second

const (
	maxAnswer = 6 << 20 // of a synchronous call
	maxLog    = 1 << 20 // kept of what the process printed
	arn       = "arn:aws:lambda:eu-west-1:111111111111:function:under-test"
)

// Options are a process's settings. The zero value is right for a function that needs nothing.
type Options struct {
	Timeout time.Duration // of one event, 0 means the default; the process is killed when it is over
	Env     []string      // "NAME=value"; nothing is inherited
}

// FunctionError is what the function answered instead of a result.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ExitError is that the process ended. Log is the end of what it printed.
type ExitError struct {
	State error // nil for status 0
	Log   string
}

func (e *ExitError) Error() string { return fmt.Sprintf("the process ended (%v)\n%s", e.State, e.Log) }

// ErrTimeout is that an event took too long; the process was killed.
var ErrTimeout = errors.New("the function timed out")

// Process is one execution environment. It takes one event at a time; Invoke may be called from several goroutines, which then wait for each other.
type Process struct {
	options Options
	cmd     *exec.Cmd
	server  *http.Server
	log     *process.Tail
	started time.Time

	turn   chan struct{}   // held by the Invoke in progress
	events chan invocation // to GET next
	served chan error
	exited chan struct{}
	state  error // of the process, when exited is closed

	mu       sync.Mutex
	ready    chan struct{} // closed by the first GET next
	readyAt  time.Time
	answerAt time.Time
	current  *invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan answer
}

type answer struct {
	body []byte
	err  error
}

// Start starts a bootstrap, which runs until Close or the end of ctx.
func Start(ctx context.Context, bootstrap string, o Options) (*Process, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the bootstrap: %w", err)
	}
	p := &Process{
		options: o, log: process.NewTail(maxLog), turn: make(chan struct{}, 1), events: make(chan invocation), served: make(chan error, 1), exited: make(chan struct{}), ready: make(chan struct{}),
	}
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: DefaultTimeout}
	p.cmd = exec.CommandContext(ctx, bootstrap)
	p.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=under-test", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"_HANDLER=bootstrap", "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "TZ=:UTC",
	}, o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", bootstrap, err), listener.Close())
	}
	go func() { p.served <- p.server.Serve(listener) }()
	go func() {
		p.state = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// Invoke hands an event over and waits for the answer: a *FunctionError when the function failed, an *ExitError when the process ended, ErrTimeout.
func (p *Process) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	timer := time.NewTimer(p.options.Timeout)
	defer timer.Stop()
	i := invocation{id: id(), payload: payload, deadline: time.Now().Add(p.options.Timeout), answer: make(chan answer, 1)}
	for events := p.events; ; {
		select {
		case events <- i:
			events = nil
		case a := <-i.answer:
			return a.body, a.err
		case <-p.exited:
			return nil, &ExitError{p.state, p.Log()}
		case <-timer.C:
			p.kill()
			return nil, fmt.Errorf("%w after %v\n%s", ErrTimeout, p.options.Timeout, p.Log())
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Ready waits until the process asks for its first event and returns how long that took from its start.
func (p *Process) Ready(ctx context.Context) (time.Duration, error) {
	select {
	case <-p.ready:
		return p.readyAt.Sub(p.started), nil
	case <-p.exited:
		return 0, &ExitError{p.state, p.Log()}
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// FirstAnswer is the time from the start of the process to its first answer; 0 before that.
func (p *Process) FirstAnswer() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answerAt.IsZero() {
		return 0
	}
	return p.answerAt.Sub(p.started)
}

// Pid is the number of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Log is the end of what the process printed.
func (p *Process) Log() string { return p.log.String() }

// Close kills the process and waits for its end.
func (p *Process) Close() error {
	p.kill()
	err := p.server.Close()
	if served := <-p.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	p.served <- http.ErrServerClosed // for a second Close
	return err
}

// kill ends the process as a crash would and waits for it.
func (p *Process) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		fmt.Fprintln(p.log, "kill:", err)
	}
	<-p.exited
}

func (p *Process) routes() http.Handler {
	const runtime = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtime+"invocation/next", p.next)
	mux.HandleFunc("POST "+runtime+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		p.answered(w, r, func(body []byte) answer { return answer{body: body} })
	})
	mux.HandleFunc("POST "+runtime+"invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		p.answered(w, r, func(body []byte) answer {
			e := &FunctionError{}
			if err := json.Unmarshal(body, e); err != nil {
				e = &FunctionError{Type: "Unreadable", Message: string(body)}
			}
			return answer{err: e}
		})
	})
	mux.HandleFunc("POST "+runtime+"init/error", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
		fmt.Fprintf(p.log, "init/error: %s\n", body)
		status(w, http.StatusAccepted, err)
	})
	return mux
}

func (p *Process) next(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if p.readyAt.IsZero() {
		p.readyAt = time.Now()
		close(p.ready)
	}
	p.mu.Unlock()
	select {
	case i := <-p.events:
		p.mu.Lock()
		p.current = &i
		p.mu.Unlock()
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", arn)
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
		h.Set("Content-Type", "application/json")
		w.Write(i.payload) // when the process is gone, exited says so
	case <-r.Context().Done():
	}
}

func (p *Process) answered(w http.ResponseWriter, r *http.Request, read func(body []byte) answer) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		status(w, http.StatusBadRequest, err)
		return
	}
	p.mu.Lock()
	i := p.current
	if i == nil || i.id != r.PathValue("id") {
		p.mu.Unlock()
		status(w, http.StatusBadRequest, errors.New("InvalidRequestID"))
		return
	}
	p.current = nil
	if p.answerAt.IsZero() {
		p.answerAt = time.Now()
	}
	p.mu.Unlock()
	if len(body) > maxAnswer {
		i.answer <- answer{err: &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "the answer is larger than 6 MB"}}
		status(w, http.StatusRequestEntityTooLarge, nil)
		return
	}
	i.answer <- read(body)
	status(w, http.StatusAccepted, nil)
}

func status(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err != nil {
		fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, http.StatusText(code), err.Error())
		return
	}
	io.WriteString(w, "{}\n")
}
