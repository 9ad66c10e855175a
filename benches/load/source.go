package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	framesPerSecond  = 30
	payloadMax       = 1150 // bytes; libwebrtc's packets of a large frame are about 1,130
	speechPeriod     = 20 * time.Millisecond
	silencePeriod    = 400 * time.Millisecond
	speechBytes      = 80 // Opus at 32 kbit/s
	silenceBytes     = 26
	audioLevelURI    = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	levelSpeaking    = 0x80 | 30 // RFC 6464: voice, -30 dBov
	levelSilent      = 127
	descriptorSize   = 6 // VP8 payload descriptor with 15-bit picture id, TL0PICIDX and TID (RFC 7741, section 4.2)
	frameHeaderSize  = 10
	videoTicksPerSec = 90_000
	audioTicksPerSec = 48_000
)

// Sender sends one source's packets for as long as its context lives.
type Sender struct {
	index       int
	source      Source
	track       *webrtc.TrackLocalStaticRTP
	sequence    atomic.Uint64 // the last packet's
	keyFrameDue atomic.Bool
}

// watchFeedback reads RTCP for the track: interceptors answer NACKs as it is read; a PLI makes the next frame a key frame.
func (s *Sender) watchFeedback(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.keyFrameDue.Store(true)
			}
		}
	}
}

func (s *Sender) run(ctx context.Context, sender *webrtc.RTPSender) {
	go s.watchFeedback(sender)
	if s.source.Video {
		s.sendVideo(ctx)
		return
	}
	s.sendAudio(ctx, audioLevelID(sender))
}

func audioLevelID(sender *webrtc.RTPSender) uint8 {
	for _, extension := range sender.GetParameters().HeaderExtensions {
		if extension.URI == audioLevelURI {
			return uint8(extension.ID)
		}
	}
	return 0
}

// every calls step once a period, without drift, from a phase of its own so that sources do not all send in one moment.
func every(ctx context.Context, period time.Duration, phase time.Duration, step func(elapsed time.Duration)) {
	start := time.Now()
	next := start.Add(phase)
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		step(next.Sub(start))
		next = next.Add(period)
		timer.Reset(time.Until(next))
	}
}

// phaseOf spreads sources over a period by the golden ratio: even for any number of them.
func phaseOf(index int, period time.Duration) time.Duration {
	const goldenRatio = 0.6180339887498949
	turn := float64(index+1) * goldenRatio
	return time.Duration((turn - float64(int(turn))) * float64(period))
}

func (s *Sender) sendVideo(ctx context.Context) {
	period := time.Second / framesPerSecond
	sizes := rand.New(rand.NewPCG(uint64(s.index), 1)) // the same frames in each run
	frameBytes := s.source.Bitrate / 8 / framesPerSecond
	packets := (frameBytes + payloadMax - 1) / payloadMax
	s.keyFrameDue.Store(true)
	var pictureID uint16
	buffer := make([]byte, 2*payloadMax)
	every(ctx, period, phaseOf(s.index, period), func(elapsed time.Duration) {
		size := frameBytes + sizes.IntN(frameBytes/25+1) - frameBytes/50
		key := s.keyFrameDue.Swap(false)
		pictureID = (pictureID + 1) & 0x7fff
		short, long := packets-size%packets, size%packets
		for i := range packets {
			// As libwebrtc splits a frame: sizes differ by one byte at most, and the short packets come first.
			length := size / packets
			if i >= short && long > 0 {
				length++
			}
			payload := buffer[:max(length, descriptorSize+frameHeaderSize+probeSize)]
			putVP8(payload, i == 0, key, pictureID)
			s.write(&rtp.Header{
				Version:   2,
				Marker:    i == packets-1,
				Timestamp: uint32(elapsed * videoTicksPerSec / time.Second),
			}, payload)
		}
	})
}

// putVP8 writes the payload descriptor and, in a frame's first packet, what servers read of the frame header (RFC 6386, 9.1).
func putVP8(payload []byte, first, key bool, pictureID uint16) {
	payload[0] = 0x80 // X
	if first {
		payload[0] |= 0x10 // S
	}
	payload[1] = 0xe0 // I, L, T
	payload[2] = 0x80 | byte(pictureID>>8)
	payload[3] = byte(pictureID)
	payload[4] = byte(pictureID) // TL0PICIDX: each frame is of the base layer
	payload[5] = 0               // TID 0
	if !first {
		return
	}
	header := payload[descriptorSize:]
	if !key {
		copy(header, []byte{0x11, 0x02, 0x00})
		return
	}
	copy(header, []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02}) // 1280 × 720
}

func (s *Sender) sendAudio(ctx context.Context, levelID uint8) {
	period, size, level := silencePeriod, silenceBytes, byte(levelSilent)
	if s.source.Speaking {
		period, size, level = speechPeriod, speechBytes, levelSpeaking
	}
	payload := make([]byte, size)
	payload[0] = 0x78 // TOC: CELT, 20 ms, mono, one frame
	every(ctx, period, phaseOf(s.index, period), func(elapsed time.Duration) {
		header := &rtp.Header{Version: 2, Timestamp: uint32(elapsed * audioTicksPerSec / time.Second)}
		if levelID != 0 {
			_ = header.SetExtension(levelID, []byte{level})
		}
		s.write(header, payload)
	})
}

func (s *Sender) write(header *rtp.Header, payload []byte) {
	sequence := s.sequence.Load() + 1
	header.SequenceNumber = uint16(sequence)
	putProbe(payload, s.index, sequence)
	if s.track.WriteRTP(&rtp.Packet{Header: *header, Payload: payload}) == nil {
		s.sequence.Store(sequence)
	}
}
