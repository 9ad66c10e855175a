package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Member is one participant: its signalling, one or two connections, what it sends and what it receives.
type Member struct {
	index     int
	run       *Run
	wire      *wire
	how       Signalling
	publisher *peer // in one connection: the only one
	receiver  *peer
	senders   []*Sender
	unsettled int // add_track requests without their track_published

	asked       map[string]bool // track ids that a subscription was sent for
	offerID     uint64
	offerOut    bool
	offerWanted bool

	started     time.Time
	joinedAfter atomic.Int64 // nanoseconds; 0: not yet
	firstAfter  atomic.Int64 // the first media packet
	firstVideo  atomic.Int64
	flows       []Flow // by source
	pauses      atomic.Int64
	uninvited   atomic.Int64
	unmarked    atomic.Int64 // packets without a probe: padding, a server's own frames
	publishing  sync.Once
}

func identity(index int) string { return fmt.Sprintf("m%02d", index) }

// join connects and then serves the signalling until the context ends or the server hangs up.
func (m *Member) join(ctx context.Context) error {
	if err := m.openPeers(); err != nil {
		return err
	}
	defer m.closePeers()
	m.started = time.Now()
	var first []byte
	if m.how == oneConnection {
		offer, err := m.nextOffer()
		if err != nil {
			return err
		}
		first = offer
	}
	accessToken := token(m.run.key, m.run.secret, m.run.room, identity(m.index))
	connected, err := dial(ctx, m.run.server, m.how, accessToken, m.run.load.Watches == nil, first)
	if err != nil {
		return err
	}
	m.wire = connected
	defer m.wire.close()
	stop := context.AfterFunc(ctx, m.wire.close)
	defer stop()
	go m.keepAlive(ctx)
	for {
		fields, err := m.wire.receive()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("signalling: %w", err)
		}
		for _, f := range fields {
			if err := m.handle(f); err != nil {
				return err
			}
		}
	}
}

func (m *Member) openPeers() error {
	var err error
	if m.publisher, err = m.run.factory.open(); err != nil {
		return err
	}
	m.receiver = m.publisher
	if m.how == twoConnections {
		if m.receiver, err = m.run.factory.open(); err != nil {
			return err
		}
	} else if err := m.prepareSections(); err != nil {
		return err
	}
	m.receiver.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		go drainFeedback(receiver)
		m.listen(track)
	})
	m.publisher.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			m.startSenders()
		}
	})
	return nil
}

// prepareSections gives the first offer of one connection what SDKs put in it: a data channel, three sections to hear, three to see.
func (m *Member) prepareSections() error {
	ordered := true
	if _, err := m.publisher.CreateDataChannel("_reliable", &webrtc.DataChannelInit{Ordered: &ordered}); err != nil {
		return err
	}
	return m.addSections(3, 3)
}

func (m *Member) addSections(audios, videos int) error {
	receive := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for i := range audios + videos {
		kind := webrtc.RTPCodecTypeAudio
		if i >= audios {
			kind = webrtc.RTPCodecTypeVideo
		}
		if _, err := m.publisher.AddTransceiverFromKind(kind, receive); err != nil {
			return err
		}
	}
	return nil
}

func (m *Member) closePeers() {
	_ = m.publisher.Close()
	if m.receiver != m.publisher {
		_ = m.receiver.Close()
	}
}

func (m *Member) keepAlive(ctx context.Context) {
	ticker := time.NewTicker(pingPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if m.wire.ping() != nil {
				return
			}
		}
	}
}

func (m *Member) handle(f field) error {
	switch f.id {
	case respJoin:
		m.joinedAfter.CompareAndSwap(0, int64(time.Since(m.started)))
		others, err := parseParticipants(f.bytes, 3)
		if err != nil {
			return err
		}
		return errors.Join(m.publish(), m.subscribe(others))
	case respUpdate:
		others, err := parseParticipants(f.bytes, 1)
		if err != nil {
			return err
		}
		return m.subscribe(others)
	case respOffer:
		return m.acceptOffer(f.bytes)
	case respAnswer:
		return m.acceptAnswer(f.bytes)
	case respTrickle:
		candidate, target, err := parseTrickle(f.bytes)
		if err != nil {
			return err
		}
		if target == targetSubscriber {
			return m.receiver.candidate(candidate)
		}
		return m.publisher.candidate(candidate)
	case respTrackPublished:
		if m.unsettled--; m.unsettled == 0 {
			return m.wantOffer()
		}
	case respStreamState:
		pauses, err := parsePauses(f.bytes)
		m.pauses.Add(pauses)
		return err
	case respSections:
		audios, videos, err := parseSections(f.bytes)
		if err != nil {
			return err
		}
		if err := m.addSections(audios, videos); err != nil {
			return err
		}
		return m.wantOffer()
	case respLeave:
		reason, err := parseLeave(f.bytes)
		return errors.Join(fmt.Errorf("the server asked this member to leave (DisconnectReason %d)", reason), err)
	}
	return nil
}

func (m *Member) publish() error {
	for _, sender := range m.senders {
		if err := m.wire.send(reqAddTrack, addTrack(sender.track.ID(), sender.source.Video)); err != nil {
			return err
		}
		m.unsettled++
	}
	for _, sender := range m.senders {
		init := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
		if _, err := m.publisher.AddTransceiverFromTrack(sender.track, init); err != nil {
			return err
		}
	}
	return nil
}

// subscribe asks for the tracks that the load wants, where the server does not subscribe by itself.
func (m *Member) subscribe(others []Participant) error {
	if m.run.load.Watches == nil {
		return nil
	}
	var wanted []string
	for _, other := range others {
		var index int
		if _, err := fmt.Sscanf(other.Identity, "m%d", &index); err != nil || index == m.index {
			continue
		}
		for _, track := range other.Tracks {
			if !m.asked[track.SID] && m.run.load.Wanted(m.index, Source{Member: index, Video: track.Video}) {
				m.asked[track.SID] = true
				wanted = append(wanted, track.SID)
			}
		}
	}
	if wanted == nil {
		return nil
	}
	return m.wire.send(reqSubscription, subscription(wanted))
}

// wantOffer sends an offer now, or when the one that is out was answered.
func (m *Member) wantOffer() error {
	if m.offerOut {
		m.offerWanted = true
		return nil
	}
	offer, err := m.nextOffer()
	if err != nil {
		return err
	}
	return m.wire.send(reqOffer, offer)
}

func (m *Member) nextOffer() ([]byte, error) {
	m.offerOut, m.offerWanted = true, false
	m.offerID++
	sdp, err := m.publisher.offer()
	return sessionDescription("offer", sdp, m.offerID), err
}

func (m *Member) acceptAnswer(message []byte) error {
	sdp, _, err := parseSessionDescription(message)
	if err != nil {
		return err
	}
	if err := m.publisher.remote(webrtc.SDPTypeAnswer, sdp); err != nil {
		return err
	}
	m.offerOut = false
	// In one connection the connection stands before the senders do.
	if m.publisher.ConnectionState() == webrtc.PeerConnectionStateConnected && m.unsettled == 0 && !m.offerWanted {
		m.startSenders()
	}
	if m.offerWanted {
		return m.wantOffer()
	}
	return nil
}

func (m *Member) acceptOffer(message []byte) error {
	sdp, id, err := parseSessionDescription(message)
	if err != nil {
		return err
	}
	if err := m.receiver.remote(webrtc.SDPTypeOffer, sdp); err != nil {
		return err
	}
	answer, err := m.receiver.answer()
	if err != nil {
		return err
	}
	return m.wire.send(reqAnswer, sessionDescription("answer", answer, id))
}

// startSenders begins to send, once all senders stand in a description that was answered.
func (m *Member) startSenders() {
	bySource := map[webrtc.TrackLocal]*webrtc.RTPSender{}
	for _, rtpSender := range m.publisher.GetSenders() {
		bySource[rtpSender.Track()] = rtpSender
	}
	for _, sender := range m.senders {
		if rtpSender := bySource[sender.track]; rtpSender == nil || len(rtpSender.GetParameters().Codecs) == 0 {
			return
		}
	}
	m.publishing.Do(func() {
		for _, sender := range m.senders {
			go sender.run(m.run.media, bySource[sender.track])
		}
	})
}

func drainFeedback(receiver *webrtc.RTPReceiver) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := receiver.Read(buffer); err != nil {
			return
		}
	}
}

// listen counts what arrives on a section until it ends. Which source it is, the packets say themselves.
func (m *Member) listen(track *webrtc.TrackRemote) {
	buffer := make([]byte, 1500)
	var header rtp.Header
	for {
		n, _, err := track.Read(buffer)
		if err != nil {
			return
		}
		now := sinceStart()
		size, err := header.Unmarshal(buffer[:n])
		if err != nil {
			m.unmarked.Add(1)
			continue
		}
		if header.Padding && n > size {
			n = max(n-int(buffer[n-1]), size)
		}
		source, sequence, sentAt, ok := readProbe(buffer[size:n])
		if !ok || source >= len(m.flows) {
			m.unmarked.Add(1)
			continue
		}
		sent := m.run.load.Sources[source]
		if !m.run.load.Wanted(m.index, sent) {
			m.uninvited.Add(1)
			continue
		}
		after := int64(time.Since(m.started))
		m.firstAfter.CompareAndSwap(0, after)
		if sent.Video {
			m.firstVideo.CompareAndSwap(0, after)
		}
		m.flows[source].Arrive(sequence, time.Duration(now-sentAt))
	}
}
