// Package tests holds the tests of the WordPress plugin: PHPUnit's and the
// browser's run in a real WordPress, with the daemon behind it.
package tests
