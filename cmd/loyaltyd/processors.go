package main

import (
	"os"
	"runtime"
)

// Requests come one by one and mostly wait for the database: on several
// processors each would wake a thread that finds nothing else to do, which
// costs more than what it is woken for. So between its jobs the daemon keeps to
// one processor, which serves more shoppers than a database does.
const processorsBetween = 1

// serveLean keeps to few processors until its end, which it returns.
func serveLean() (end func()) {
	if processorsGiven() {
		return func() {}
	}
	runtime.GOMAXPROCS(processorsBetween)
	return runtime.SetDefaultGOMAXPROCS
}

// withAllProcessors does work on as many processors as there are.
func withAllProcessors(work func() error) error {
	if processorsGiven() {
		return work()
	}
	runtime.SetDefaultGOMAXPROCS()
	defer runtime.GOMAXPROCS(processorsBetween)
	return work()
}

// processorsGiven says that the operator knows better.
func processorsGiven() bool { return os.Getenv("GOMAXPROCS") != "" }
