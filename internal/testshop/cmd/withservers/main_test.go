package main

import (
	"strings"
	"testing"
)

func TestTheCommandSeesTheServersAndItsStatusIsKept(t *testing.T) {
	status, err := run([]string{"--", "sh", "-c", `
		for socket in $LOYALTYD_TEST_MARIADB $LOYALTYD_TEST_MYSQL; do
			test -S "$socket" || exit 1
			found=yes
		done
		test "$found" = yes && exit 7`})
	if err != nil || status != 7 {
		t.Errorf("got status %d and error %v, want 7", status, err)
	}
}

func TestNoCommandIsWrongUsage(t *testing.T) {
	status, err := run([]string{"--"})
	if status != 2 || err == nil || !strings.Contains(err.Error(), "usage:") {
		t.Errorf("got status %d and error %v, want 2 and the usage", status, err)
	}
}
