// Command load puts a load of a meeting on a LiveKit-compatible media server and counts what comes out of it.
//
// Standard output has one JSON object a line: {"event": "begin"} and {"event": "end"} at the edges of the measured window, when a
// watcher should read the server's CPU time, and {"event": "result", …} at last. The exit status is 1 if the load could not run,
// with one line on standard error that says why.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

func main() {
	server := flag.String("url", "http://127.0.0.1:7880", "the server's address")
	key := flag.String("key", "devkey", "API key")
	secret := flag.String("secret", "secret", "API secret")
	name := flag.String("load", "c", "one of "+strings.Join(loadNames(), ", "))
	how := flag.String("signalling", string(oneConnection), "rtc/v1 (one connection) or rtc (two)")
	settle := flag.Duration("settle", 3*time.Second, "how long all flows before the window begins")
	window := flag.Duration("window", 5*time.Second, "how long is measured")
	flag.Parse()
	debug.SetGCPercent(400) // the generator shares the processors with the server: memory is cheaper than its pauses
	if err := command(*server, *key, *secret, *name, Signalling(*how), *settle, *window); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func command(server, key, secret, name string, how Signalling, settle, window time.Duration) error {
	load, known := loads[name]
	if !known {
		return fmt.Errorf("there is no load %q; there are %s", name, strings.Join(loadNames(), ", "))
	}
	if how != oneConnection && how != twoConnections {
		return fmt.Errorf("signalling is %q or %q, not %q", oneConnection, twoConnections, how)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 2*arrivalLimit+settle+window)
	defer cancel()
	run, err := newRun(strings.TrimRight(server, "/"), key, secret, how, load)
	if err != nil {
		return err
	}
	result, err := run.Measure(ctx, settle, window, announce("begin"), announce("end"))
	if err != nil {
		return err
	}
	return emit(struct {
		Event string `json:"event"`
		Load  string `json:"load"`
		Result
	}{"result", name, result})
}

func announce(event string) func(Arrival) {
	return func(arrival Arrival) {
		_ = emit(struct {
			Event string `json:"event"`
			Arrival
		}{event, arrival})
	}
}

func emit(line any) error { return json.NewEncoder(os.Stdout).Encode(line) }
