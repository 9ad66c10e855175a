package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/webrtc/v4"
)

// factory makes peer connections alike for all members: loopback only, one certificate, Opus and VP8, NACK, RTCP reports and TWCC
// both ways, as real SDKs have them: RTCP is a real part of a server's load.
type factory struct {
	api    *webrtc.API
	config webrtc.Configuration
}

func newFactory(certificate webrtc.Certificate) (*factory, error) {
	media := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	codecs := []struct {
		kind  webrtc.RTPCodecType
		codec webrtc.RTPCodecParameters
	}{
		{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: audioTicksPerSec, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: videoTicksPerSec, RTCPFeedback: feedback}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 97, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: videoTicksPerSec, SDPFmtpLine: "apt=96"}}},
	}
	for _, c := range codecs {
		if err := media.RegisterCodec(c.codec, c.kind); err != nil {
			return nil, err
		}
	}
	level := webrtc.RTPHeaderExtensionCapability{URI: audioLevelURI}
	if err := media.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	// Pion's defaults without its statistics, which cost the generator more than they tell, and without MID and RID: with
	// those Pion reads up to ten packets that come before the answer which declares them, and loses them.
	interceptors := &interceptor.Registry{}
	if err := errors.Join(
		// libwebrtc asks ten times for a packet; Pion would ask for ever, for what was sent before its stream was known too.
		webrtc.ConfigureNackWithOptions(media, interceptors, []nack.GeneratorOption{nack.GeneratorMaxNacksPerPacket(10)}),
		webrtc.ConfigureRTCPReports(interceptors),
		webrtc.ConfigureTWCCSenderWithOptions(media, interceptors, twcc.WithLoggerFactory(silentLogs{})),
		webrtc.ConfigureTWCCHeaderExtensionSender(media, interceptors),
	); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.LoggerFactory = silentLogs{}
	return &factory{
		api:    webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings)),
		config: webrtc.Configuration{Certificates: []webrtc.Certificate{certificate}},
	}, nil
}

// peer is one connection and the server's candidates that came before its description did.
type peer struct {
	*webrtc.PeerConnection
	early     []webrtc.ICECandidateInit
	described bool
}

func (f *factory) open() (*peer, error) {
	connection, err := f.api.NewPeerConnection(f.config)
	if err != nil {
		return nil, err
	}
	return &peer{PeerConnection: connection}, nil
}

// local sets a description of ours and returns it with its candidates: on loopback they are gathered at once.
func (p *peer) local(description webrtc.SessionDescription, err error) (string, error) {
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(p.PeerConnection)
	if err := p.SetLocalDescription(description); err != nil {
		return "", err
	}
	<-gathered
	return p.LocalDescription().SDP, nil
}

func (p *peer) offer() (string, error) { return p.local(p.CreateOffer(nil)) }

func (p *peer) answer() (string, error) { return p.local(p.CreateAnswer(nil)) }

func (p *peer) remote(kind webrtc.SDPType, sdp string) error {
	if err := p.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		return fmt.Errorf("the server's %s: %w", kind, err)
	}
	p.described = true
	for _, candidate := range p.early {
		if err := p.AddICECandidate(candidate); err != nil {
			return err
		}
	}
	p.early = nil
	return nil
}

func (p *peer) candidate(candidateJSON string) error {
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(candidateJSON), &candidate); err != nil {
		return fmt.Errorf("a candidate that is not JSON: %w", err)
	}
	if candidate.Candidate == "" {
		return nil
	}
	if !p.described {
		p.early = append(p.early, candidate)
		return nil
	}
	return p.AddICECandidate(candidate)
}
