package main

import (
	"encoding/binary"
	"sync"
	"time"
)

// A probe is the tail of each media payload: it says which source sent the packet, as which of its packets, and when. It is at
// the end because a server may rewrite the start of a payload (VP8's picture id), and it counts the *sender's* packets because a
// server rewrites RTP sequence numbers, with which it could hide a loss.
//
//	magic (4) | source (4) | sequence (8) | nanoseconds since the process began (8), all big-endian
const (
	probeSize  = 24
	probeMagic = 0x1ca3e7a1
)

var processStart = time.Now()

func sinceStart() int64 { return int64(time.Since(processStart)) }

func putProbe(payload []byte, source int, sequence uint64) {
	tail := payload[len(payload)-probeSize:]
	binary.BigEndian.PutUint32(tail, probeMagic)
	binary.BigEndian.PutUint32(tail[4:], uint32(source))
	binary.BigEndian.PutUint64(tail[8:], sequence)
	binary.BigEndian.PutUint64(tail[16:], uint64(sinceStart()))
}

func readProbe(payload []byte) (source int, sequence uint64, sentAt int64, ok bool) {
	if len(payload) < probeSize {
		return 0, 0, 0, false
	}
	tail := payload[len(payload)-probeSize:]
	if binary.BigEndian.Uint32(tail) != probeMagic {
		return 0, 0, 0, false
	}
	source = int(binary.BigEndian.Uint32(tail[4:]))
	return source, binary.BigEndian.Uint64(tail[8:]), int64(binary.BigEndian.Uint64(tail[16:])), true
}

// Flow is what one member receives of one source.
type Flow struct {
	mu         sync.Mutex
	received   int    // packets, resent ones included, duplicates not
	duplicates int    // packets that were here already
	highest    uint64 // the sender's sequence; from 1, so 0 is "nothing yet"
	seen       uint64 // bit i: highest-i arrived
	missing    int    // gaps up to highest that nothing filled yet
	recording  bool
	latencies  []int32 // microseconds, while recording
}

// Arrive counts a packet. Loss is known by the gap that it leaves; one that is filled later (NACK, reordering) was none.
func (f *Flow) Arrive(sequence uint64, latency time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.highest == 0:
		f.highest, f.seen = sequence, 1
	case sequence > f.highest:
		step := sequence - f.highest
		f.missing += int(step - 1)
		f.seen = f.seen<<step | 1 // a shift by 64 or more is 0 in Go
		f.highest = sequence
	case f.highest-sequence < 64 && f.seen&(1<<(f.highest-sequence)) == 0:
		f.seen |= 1 << (f.highest - sequence)
		f.missing = max(f.missing-1, 0) // one from before the first packet was no gap
	default:
		f.duplicates++
		return
	}
	f.received++
	if f.recording {
		f.latencies = append(f.latencies, int32(latency/time.Microsecond))
	}
}

// Count is a flow's state at one moment.
type Count struct {
	received, duplicates, missing int
	highest                       uint64
}

// Mark reads the flow and turns the recording of latencies on or off.
func (f *Flow) Mark(recording bool) Count {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recording = recording
	return Count{f.received, f.duplicates, f.missing, f.highest}
}

// Peek is the highest sequence so far; 0: nothing came yet.
func (f *Flow) Peek() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.highest
}

// Latencies are those that were recorded, in microseconds.
func (f *Flow) Latencies() []int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latencies
}
