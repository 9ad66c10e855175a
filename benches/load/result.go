package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math"
	"slices"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"
)

// Spread is the middle and the tail of a set of times, in milliseconds.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func newSpread(milliseconds []float64) *Spread {
	if len(milliseconds) == 0 {
		return nil
	}
	slices.Sort(milliseconds)
	at := func(share float64) float64 {
		index := int(math.Ceil(share*float64(len(milliseconds)))) - 1
		return math.Round(milliseconds[max(index, 0)]*1000) / 1000
	}
	return &Spread{at(0.50), at(0.95), at(0.99), at(1)}
}

// Arrival is how the members got in.
type Arrival struct {
	Members    int     `json:"members"`
	Flows      int     `json:"flows"`  // wanted: one source at one member
	Silent     int     `json:"silent"` // of these, without a packet yet
	Join       *Spread `json:"join_ms"`
	FirstMedia *Spread `json:"first_media_ms"`
	FirstVideo *Spread `json:"first_video_ms"`
}

// Result is one load's figures.
type Result struct {
	Arrival
	Seconds          float64 `json:"seconds"`
	PacketsIn        int     `json:"packets_in"`  // sent by the members within the window
	PacketsOut       int     `json:"packets_out"` // received by them
	PacketsPerSecond float64 `json:"packets_per_second"`
	Gaps             int     `json:"gaps"`   // packets that were due and never came
	Pauses           int     `json:"pauses"` // pictures that the server paused for want of bandwidth, arrival included
	Duplicates       int     `json:"duplicates"`
	Uninvited        int     `json:"uninvited"` // packets of sources that the member did not ask for
	Unmarked         int     `json:"unmarked"`  // padding, and frames of the server's own
	Latency          *Spread `json:"latency_ms"`
	Failures         int     `json:"failures"`
	GeneratorCPU     float64 `json:"generator_cpu_seconds"`
}

func (r *Run) arrival() Arrival {
	arrival := Arrival{Members: len(r.members)}
	r.eachFlow(func(member, source int) {
		arrival.Flows++
		if r.members[member].flows[source].Peek() == 0 {
			arrival.Silent++
		}
	})
	var join, media, video []float64
	for _, member := range r.members {
		join = appendTime(join, member.joinedAfter.Load())
		media = appendTime(media, member.firstAfter.Load())
		video = appendTime(video, member.firstVideo.Load())
	}
	arrival.Join, arrival.FirstMedia, arrival.FirstVideo = newSpread(join), newSpread(media), newSpread(video)
	return arrival
}

func appendTime(milliseconds []float64, nanoseconds int64) []float64 {
	if nanoseconds == 0 {
		return milliseconds
	}
	return append(milliseconds, float64(nanoseconds)/float64(time.Millisecond))
}

func (r *Run) result(arrival Arrival, before, after, late [][]Count, sentBefore, sentAfter []uint64, seconds float64) Result {
	result := Result{Arrival: arrival, Seconds: seconds, Failures: int(r.failures.Load()), GeneratorCPU: ownCPU()}
	for source := range sentBefore {
		result.PacketsIn += int(sentAfter[source] - sentBefore[source])
	}
	var latencies []float64
	r.eachFlow(func(member, source int) {
		b, a, l := before[member][source], after[member][source], late[member][source]
		result.PacketsOut += a.received - b.received
		result.Duplicates += a.duplicates - b.duplicates
		result.Gaps += max(l.missing-b.missing, 0)
		// What is missing at the end leaves no gap in a flow: it just ends before the window does, or even before it began.
		if last := max(l.highest, sentBefore[source]); last < sentAfter[source] {
			result.Gaps += int(sentAfter[source] - last)
		}
		for _, microseconds := range r.members[member].flows[source].Latencies() {
			latencies = append(latencies, float64(microseconds)/1000)
		}
	})
	for _, member := range r.members {
		result.Pauses += int(member.pauses.Load())
		result.Uninvited += int(member.uninvited.Load())
		result.Unmarked += int(member.unmarked.Load())
	}
	result.PacketsPerSecond = math.Round(float64(result.PacketsOut) / seconds)
	result.Latency = newSpread(latencies)
	return result
}

func ownCPU() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return webrtc.GenerateCertificate(key)
}
