package systemd

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// monotonic returns the time of a reload, which services of the type
// notify-reload must tell.
func monotonic() []string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return nil
	}
	return []string{"MONOTONIC_USEC=" + strconv.FormatInt(now.Nano()/1000, 10)}
}
