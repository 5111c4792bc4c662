package main

import "testing"

func TestPluginAndDaemonAreComparedWhereBothHaveAVersion(t *testing.T) {
	for _, c := range []struct {
		plugin, daemon string
		want           bool
	}{
		{"1.2.0", "v1.2.0", true},
		{"1.2.0", "1.3.0", false},
		{"0.9", "(devel)", true},
		{"0.0.0-dev", "v1.2.0", true},
	} {
		if got := sameVersion(c.plugin, c.daemon); got != c.want {
			t.Errorf("plugin %s, daemon %s: %t", c.plugin, c.daemon, got)
		}
	}
}
