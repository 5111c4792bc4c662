//go:build !demo

package main

import "github.com/spf13/cobra"

// demoCommands returns nothing: the demo is built with the tag demo, so that
// the database servers and stores of its own making stay out of this binary.
func (c *cli) demoCommands() []*cobra.Command { return nil }
