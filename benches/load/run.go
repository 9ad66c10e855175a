package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	joinPace     = 50 * time.Millisecond
	arrivalLimit = 60 * time.Second
	grace        = 500 * time.Millisecond // after the window, for packets on their way and resent ones
)

// Run is one load against one server.
type Run struct {
	server, key, secret, room string
	how                       Signalling
	load                      Load
	factory                   *factory
	media                     context.Context // while it lives, senders send
	members                   []*Member
	senders                   []*Sender
	failures                  atomic.Int64
	firstFailure              atomic.Pointer[string]
}

func newRun(server, key, secret string, how Signalling, load Load) (*Run, error) {
	certificate, err := newCertificate()
	if err != nil {
		return nil, err
	}
	connections, err := newFactory(*certificate)
	if err != nil {
		return nil, err
	}
	run := &Run{
		server: server, key: key, secret: secret, how: how, load: load, factory: connections,
		room: fmt.Sprintf("bench-%d", time.Now().UnixNano()),
	}
	for index := range load.Members {
		run.members = append(run.members, &Member{
			index: index, run: run, how: how, asked: map[string]bool{}, flows: make([]Flow, len(load.Sources)),
		})
	}
	for index, source := range load.Sources {
		codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: audioTicksPerSec, Channels: 2}
		if source.Video {
			codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoTicksPerSec}
		}
		track, err := webrtc.NewTrackLocalStaticRTP(codec, fmt.Sprintf("cid-%d", index), identity(source.Member))
		if err != nil {
			return nil, err
		}
		sender := &Sender{index: index, source: source, track: track}
		run.senders = append(run.senders, sender)
		run.members[source.Member].senders = append(run.members[source.Member].senders, sender)
	}
	return run, nil
}

// Measure joins all, waits until each wanted flow flows, settles, and measures for the window.
// begin and end are called at the window's edges, so that a watcher of the server's process can look at it then.
func (r *Run) Measure(ctx context.Context, settle, window time.Duration, begin, end func(Arrival)) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	var everyone sync.WaitGroup
	defer everyone.Wait()
	defer cancel()
	r.media = ctx
	for _, member := range r.members {
		everyone.Add(1)
		go func() {
			defer everyone.Done()
			if err := member.join(ctx); err != nil && ctx.Err() == nil {
				text := fmt.Sprintf("%s: %v", identity(member.index), err)
				r.firstFailure.CompareAndSwap(nil, &text)
				r.failures.Add(1)
			}
		}()
		if !r.load.AtOnce {
			if err := sleep(ctx, joinPace); err != nil {
				return Result{}, err
			}
		}
	}
	if err := r.awaitFlows(ctx); err != nil {
		return Result{}, err
	}
	if err := sleep(ctx, settle); err != nil {
		return Result{}, err
	}
	arrival := r.arrival()
	begin(arrival)
	before, sentBefore, startedAt := r.mark(true), r.sent(), time.Now()
	if err := sleep(ctx, window); err != nil {
		return Result{}, err
	}
	after, sentAfter, seconds := r.mark(false), r.sent(), time.Since(startedAt).Seconds()
	end(arrival)
	if err := sleep(ctx, grace); err != nil {
		return Result{}, err
	}
	late := r.mark(false)
	return r.result(arrival, before, after, late, sentBefore, sentAfter, seconds), nil
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// awaitFlows returns when each wanted flow has brought a packet, when a member failed, or at the limit: then some stay silent.
func (r *Run) awaitFlows(ctx context.Context) error {
	deadline := time.Now().Add(arrivalLimit)
	for time.Now().Before(deadline) {
		if failure := r.firstFailure.Load(); failure != nil {
			return fmt.Errorf("%s", *failure)
		}
		if r.arrival().Silent == 0 {
			return nil
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) sent() []uint64 {
	sequences := make([]uint64, len(r.senders))
	for index, sender := range r.senders {
		sequences[index] = sender.sequence.Load()
	}
	return sequences
}

func (r *Run) mark(recording bool) [][]Count {
	counts := make([][]Count, len(r.members))
	for index, member := range r.members {
		counts[index] = make([]Count, len(member.flows))
		for source := range member.flows {
			counts[index][source] = member.flows[source].Mark(recording)
		}
	}
	return counts
}

// eachFlow visits the flows that the load wants.
func (r *Run) eachFlow(visit func(member, source int)) {
	for member := range r.members {
		for source := range r.load.Sources {
			if r.load.Wanted(member, r.load.Sources[source]) {
				visit(member, source)
			}
		}
	}
}
