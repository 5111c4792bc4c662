//go:build !linux

package systemd

func monotonic() []string { return nil }
