package testwp

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed supervise.sh
var superviseScript string

// process is PHP's web server with its workers. It ends when this process
// does, whatever ends that: supervise.sh, in a process group of its own, holds
// the reading end of a pipe whose writing end is only here.
type process struct {
	script   *exec.Cmd
	lifeline io.Closer
	exited   chan struct{}
}

const (
	startTimeout = time.Minute
	workers      = "4"
)

// serve starts PHP's web server and waits until the site answers.
func (s *Site) serve(ctx context.Context, address string) error {
	log, err := os.Create(filepath.Join(s.root, "server.log"))
	if err != nil {
		return fmt.Errorf("create the server's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	arguments := append([]string{"-c", superviseScript, "supervise", s.root, s.php}, phpSettings()...)
	arguments = append(arguments, "-S", address, "-t", s.Dir, filepath.Join(s.root, "router.php"))
	script := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", arguments...)
	script.Stdout, script.Stderr = log, log
	script.Env = append(os.Environ(), "PHP_CLI_SERVER_WORKERS="+workers)
	script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := script.StdinPipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	if err := script.Start(); err != nil {
		return fmt.Errorf("run /bin/sh: %w", err)
	}
	s.server = &process{script: script, lifeline: lifeline, exited: make(chan struct{})}
	go func() {
		_ = script.Wait()
		close(s.server.exited)
	}()
	return s.waitUntilReady(ctx)
}

func (s *Site) waitUntilReady(ctx context.Context) error {
	const interval = 25 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.server.exited:
			text, _ := os.ReadFile(filepath.Join(s.root, "server.log"))
			return fmt.Errorf("PHP's web server ended at once: %s", text)
		case <-ctx.Done():
			text, _ := os.ReadFile(filepath.Join(s.root, "debug.log"))
			return fmt.Errorf("the site does not answer: %w; its log:\n%s", err, text)
		case <-time.After(interval):
		}
	}
}

func (s *Site) answers(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/", nil)
	if err != nil {
		return fmt.Errorf("ask the site: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the site: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 2000))
		return fmt.Errorf("ask the site: %s: %s", answer.Status, text)
	}
	return nil
}

func (p *process) stop() {
	const patience = 10 * time.Second
	_ = p.lifeline.Close()
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = syscall.Kill(-p.script.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}

// freeAddress returns an address on which nobody listens now.
func freeAddress(ctx context.Context, listen string) (string, error) {
	if listen != "" {
		return listen, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

func phpSettings() []string {
	return []string{"-d", "error_reporting=-1", "-d", "display_errors=0", "-d", "log_errors=1", "-d", "memory_limit=512M", "-d", "opcache.enable_cli=0"}
}

// Eval runs PHP in the site, with WordPress loaded and the administrator
// signed in, and returns what it printed. The error shows what PHP said.
func (s *Site) Eval(ctx context.Context, php string) (string, error) {
	return s.run(ctx, "require '"+phpText(filepath.Join(s.Dir, "wp-load.php"))+"'; wp_set_current_user( 1 );\n"+php)
}

func (s *Site) run(ctx context.Context, php string, environment ...string) (string, error) {
	command := exec.CommandContext(ctx, s.php, append(phpSettings(), "-r", php)...)
	command.Dir = s.Dir
	command.Env = append(os.Environ(), environment...)
	printed, err := command.Output()
	if err == nil {
		return string(printed), nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		problems, _ := s.Problems()
		return string(printed), fmt.Errorf("php: %w: %s%s\n%s", err, printed, exit.Stderr, strings.Join(problems, "\n"))
	}
	return string(printed), fmt.Errorf("php: %w", err)
}
