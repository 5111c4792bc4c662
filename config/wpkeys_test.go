package config_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"loyaltyd/config"
)

const (
	firstKey  = "first key of thirty-two letters..."
	secondKey = "second key of thirty-two letters.."
)

func TestKeyConstants(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code              string
		current, previous string
		problem           string
	}{
		"none":                   {"", "", "", ""},
		"one":                    {"define('LOYALTYD_KEY', '" + firstKey + "');", firstKey, "", ""},
		"as const":               {"const LOYALTYD_KEY = '" + firstKey + "';", firstKey, "", ""},
		"while it is changed":    {"define('LOYALTYD_KEY', '" + secondKey + "'); define('LOYALTYD_KEY_PREVIOUS', '" + firstKey + "');", secondKey, firstKey, ""},
		"computed":               {"define('LOYALTYD_KEY', getenv('KEY'));", "", "", "endpoint.key_file"},
		"computed previous":      {"define('LOYALTYD_KEY', '" + secondKey + "'); define('LOYALTYD_KEY_PREVIOUS', file_get_contents('x'));", "", "", "LOYALTYD_KEY_PREVIOUS"},
		"too short":              {"define('LOYALTYD_KEY', 'secret');", "", "", "shorter than 32"},
		"previous without a key": {"define('LOYALTYD_KEY_PREVIOUS', '" + firstKey + "');", "", "", "define both"},
	} {
		t.Run(name, func(t *testing.T) {
			root := wpRoot(t, map[string]string{"wp-config.php": strings.Replace(sample, "$table_prefix", test.code+"\n$table_prefix", 1)})
			c, err := config.Load(nil, []string{"LOYALTYD_STORE_WP_PATH=" + root})
			if err != nil {
				t.Fatal(err)
			}
			site, err := c.Resolve()
			if err != nil {
				t.Fatal(err)
			}
			keys := site.Keys
			if keys.Current.Reveal() != test.current || keys.Previous.Reveal() != test.previous {
				t.Errorf("keys %q, %q", keys.Current.Reveal(), keys.Previous.Reveal())
			}
			if (keys.Problem == "") != (test.problem == "") || !strings.Contains(keys.Problem, test.problem) {
				t.Errorf("problem %q, want one with %q", keys.Problem, test.problem)
			}
			if test.problem != "" && !strings.Contains(keys.Problem, filepath.Join(root, "wp-config.php")) {
				t.Errorf("problem %q does not name the file", keys.Problem)
			}
			if strings.Contains(keys.Problem, "'secret'") {
				t.Errorf("problem %q shows the key", keys.Problem)
			}
		})
	}
}

func TestASecretNeverShows(t *testing.T) {
	t.Parallel()
	s := struct {
		Key    config.Secret
		hidden config.Secret
	}{config.NewSecret(firstKey), config.NewSecret(secondKey)}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %x", s, s, s.Key, s.Key, s.hidden), string(encoded),
		s.Key.LogValue().String(), fmt.Sprint(&s.Key),
	} {
		if strings.Contains(text, "letters") || strings.Contains(text, fmt.Sprintf("%x", firstKey)) {
			t.Errorf("shows the secret: %s", text)
		}
	}
	if s.Key.Reveal() != firstKey || s.Key.IsZero() || !config.NewSecret("").IsZero() {
		t.Error("the secret is lost")
	}
}
