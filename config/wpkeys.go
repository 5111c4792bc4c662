package config

import "fmt"

// WPKeys are the constants of wp-config.php that hold the key which daemon and
// plugin share. Both are zero where the key is kept in the site's options.
type WPKeys struct {
	Current  Secret // LOYALTYD_KEY
	Previous Secret // LOYALTYD_KEY_PREVIOUS, while the key is changed
	// Problem says why the constants cannot be used, with the way out.
	Problem string
}

// The constants' names.
const (
	keyConstant         = "LOYALTYD_KEY"
	previousKeyConstant = keyConstant + "_PREVIOUS"
)

// minKey is the shortest key that is not to be guessed.
const minKey = 32

// Keys returns the key constants.
func (c WPConfig) Keys() WPKeys {
	current, problem := c.key(keyConstant)
	if problem != "" {
		return WPKeys{Problem: problem}
	}
	previous, problem := c.key(previousKeyConstant)
	if current.IsZero() && !previous.IsZero() {
		problem = fmt.Sprintf("%s: %s is defined without %s: define both, or neither", c.Path, previousKeyConstant, keyConstant)
	}
	if problem != "" {
		return WPKeys{Problem: problem}
	}
	return WPKeys{Current: current, Previous: previous}
}

// key returns the constant of that name, which need not exist.
func (c WPConfig) key(name string) (key Secret, problem string) {
	if len(c.definitions[name]) == 0 {
		return Secret{}, ""
	}
	found, err := c.definitions.constant(name)
	switch {
	case err != nil:
		return Secret{}, fmt.Sprintf("%s: %v: write it out there, or give it to the daemon too with endpoint.key_file", c.place(found), err)
	case len(found.value) < minKey:
		return Secret{}, fmt.Sprintf("%s: %s is shorter than %d characters: choose a long random one", c.place(found), name, minKey)
	}
	return NewSecret(found.value), ""
}
