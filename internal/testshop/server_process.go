package testshop

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

//go:embed supervise.sh
var superviseScript string

// process is a command that ends when this process does, whatever ends it. A
// small shell script in a process group of its own runs the command and holds
// the reading end of a pipe of which only this process has the writing end:
// the kernel closes that one even after SIGKILL.
type process struct {
	script   *exec.Cmd
	lifeline io.Closer
	exited   chan struct{}
	err      error // valid once exited is closed
}

// supervise runs a command whose files are in dir, with its output in log.
func supervise(dir string, log *os.File, command []string) (*process, error) {
	arguments := append([]string{"-c", superviseScript, "supervise", dir}, command...)
	script := exec.CommandContext(context.Background(), "/bin/sh", arguments...)
	script.Stdout = log
	script.Stderr = log
	script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := script.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	if err := script.Start(); err != nil {
		return nil, fmt.Errorf("run /bin/sh: %w", err)
	}
	p := &process{script: script, lifeline: lifeline, exited: make(chan struct{})}
	go func() {
		p.err = script.Wait()
		close(p.exited)
	}()
	return p, nil
}

// wait returns how the command ended, or the reason why ctx did first.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.exited:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends the command, first politely, and waits for that.
func (p *process) stop() {
	const patience = 30 * time.Second
	_ = p.lifeline.Close()
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = syscall.Kill(-p.script.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}
