// Withservers runs a command, such as `go test ./...`, while a private server
// of each installed brand runs, tells it their sockets in the environment
// (LOYALTYD_TEST_MARIADB, LOYALTYD_TEST_MYSQL), stops them whatever happens
// and exits with the command's status.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"

	"loyaltyd/internal/testshop"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withservers:", err)
	}
	os.Exit(status)
}

func run(arguments []string) (int, error) {
	if len(arguments) > 0 && arguments[0] == "--" {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		return 2, errors.New("usage: withservers -- command [argument...]")
	}
	// A terminal sends its interrupt to the command too; the servers outlive it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx := context.Background()

	servers, err := start(ctx)
	defer func() {
		for _, server := range servers {
			if err := server.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "withservers:", err)
			}
		}
	}()
	if err != nil {
		return 1, err
	}

	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = os.Environ()
	for _, server := range servers {
		command.Env = append(command.Env, testshop.EnvSocket(server.Kind)+"="+server.Socket)
	}
	if err := command.Start(); err != nil {
		return 1, fmt.Errorf("run %s: %w", arguments[0], err)
	}
	go func() {
		for received := range signals {
			if received == syscall.SIGTERM {
				_ = command.Process.Signal(received)
			}
		}
	}()
	err = command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("run %s: %w", arguments[0], err)
	}
	if code := command.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 1, fmt.Errorf("%s: %w", arguments[0], err)
}

// start starts all brands at once and returns those that run, even with an
// error. A brand that is not installed is an error only when there is no other.
func start(ctx context.Context) ([]*testshop.Server, error) {
	kinds := testshop.Kinds()
	servers := make([]*testshop.Server, len(kinds))
	failures := make([]error, len(kinds))
	var starting sync.WaitGroup
	for i, kind := range kinds {
		starting.Go(func() { servers[i], failures[i] = testshop.Start(ctx, kind, testshop.ServerOptions{}) })
	}
	starting.Wait()

	var running []*testshop.Server
	var missing, broken []error
	for i, err := range failures {
		switch {
		case err == nil:
			running = append(running, servers[i])
			fmt.Fprintf(os.Stderr, "withservers: %s %s\n", servers[i].Kind, servers[i].Version)
		case errors.Is(err, testshop.ErrNotInstalled):
			missing = append(missing, err)
			fmt.Fprintln(os.Stderr, "withservers:", err)
		default:
			broken = append(broken, err)
		}
	}
	if len(running) == 0 {
		broken = append(broken, missing...)
	}
	return running, errors.Join(broken...)
}
