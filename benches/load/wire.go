package main

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// The few messages of LiveKit's signalling that a load needs, by their field numbers in livekit_rtc.proto and
// livekit_models.proto. The generated module would bring some hundred packages with it; these are a dozen fields.

// Fields of SignalRequest, from the client.
const (
	reqOffer        = 1
	reqAnswer       = 2
	reqAddTrack     = 4
	reqSubscription = 6
	reqLeave        = 8
	reqPing         = 16
)

// Fields of SignalResponse, from the server.
const (
	respJoin           = 1
	respAnswer         = 2
	respOffer          = 3
	respTrickle        = 4
	respUpdate         = 5
	respTrackPublished = 6
	respLeave          = 8
	respStreamState    = 13
	respSections       = 25
)

const (
	targetPublisher  = 0
	targetSubscriber = 1
)

var errWire = errors.New("a message that is not protobuf")

// field is one field of a message: number is set for varints, bytes for strings and messages.
type field struct {
	id     protowire.Number
	number uint64
	bytes  []byte
}

func parseFields(message []byte, each func(field)) error {
	for len(message) > 0 {
		id, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errWire
		}
		message = message[n:]
		f := field{id: id}
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(id, kind, message)
		}
		if n < 0 {
			return errWire
		}
		message = message[n:]
		each(f)
	}
	return nil
}

func appendText(b []byte, id protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, id, protowire.BytesType), text)
}

func appendNumber(b []byte, id protowire.Number, number uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, id, protowire.VarintType), number)
}

func appendMessage(b []byte, id protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, id, protowire.BytesType), message)
}

func sessionDescription(kind, sdp string, id uint64) []byte {
	return appendNumber(appendText(appendText(nil, 1, kind), 2, sdp), 3, id)
}

func parseSessionDescription(message []byte) (sdp string, id uint64, err error) {
	err = parseFields(message, func(f field) {
		switch f.id {
		case 2:
			sdp = string(f.bytes)
		case 3:
			id = f.number
		}
	})
	return sdp, id, err
}

func parseTrickle(message []byte) (candidateJSON string, target uint64, err error) {
	err = parseFields(message, func(f field) {
		switch f.id {
		case 1:
			candidateJSON = string(f.bytes)
		case 2:
			target = f.number
		}
	})
	return candidateJSON, target, err
}

func parseSections(message []byte) (audios, videos int, err error) {
	err = parseFields(message, func(f field) {
		switch f.id {
		case 1:
			audios = int(f.number)
		case 2:
			videos = int(f.number)
		}
	})
	return audios, videos, err
}

// parsePauses counts the tracks that a StreamStateUpdate says are paused for want of bandwidth.
func parsePauses(message []byte) (pauses int64, err error) {
	var inner error
	err = parseFields(message, func(f field) {
		if f.id != 1 {
			return
		}
		inner = errors.Join(inner, parseFields(f.bytes, func(f field) {
			if f.id == 3 && f.number == 1 {
				pauses++
			}
		}))
	})
	return pauses, errors.Join(err, inner)
}

func parseLeave(message []byte) (reason uint64, err error) {
	err = parseFields(message, func(f field) {
		if f.id == 2 {
			reason = f.number
		}
	})
	return reason, err
}

// addTrack is an AddTrackRequest without simulcast: one layer, so that both servers forward the same packets.
func addTrack(cid string, video bool) []byte {
	b := appendText(appendText(nil, 1, cid), 2, cid)
	if video {
		layer := appendNumber(appendNumber(appendNumber(nil, 1, 2), 2, 1280), 3, 720) // quality HIGH
		b = appendNumber(appendNumber(appendNumber(b, 3, 1), 4, 1280), 5, 720)
		return appendMessage(appendNumber(b, 8, 1), 9, layer) // CAMERA
	}
	return appendNumber(appendNumber(appendNumber(b, 3, 0), 8, 2), 13, 1) // MICROPHONE; RED would double the packets' size
}

func subscription(trackSIDs []string) []byte {
	var b []byte
	for _, sid := range trackSIDs {
		b = appendText(b, 1, sid)
	}
	return appendNumber(b, 2, 1)
}

// joinRequest is a JoinRequest of /rtc/v1, with the first offer in it.
func joinRequest(autoSubscribe bool, offer []byte) []byte {
	client := appendNumber(appendText(appendNumber(nil, 1, 5), 2, "2.0.0"), 3, 17) // SDK GO, protocol 17
	var settings []byte
	if autoSubscribe {
		settings = appendNumber(nil, 1, 1)
	}
	return appendMessage(appendMessage(appendMessage(nil, 1, client), 2, settings), 6, offer)
}

// Participant and Track are what an update says of others.
type Participant struct {
	Identity string
	Tracks   []Track
}

// Track is a published track: its id, and whether it is a picture.
type Track struct {
	SID   string
	Video bool
}

func parseParticipant(message []byte) (Participant, error) {
	var participant Participant
	var inner error
	err := parseFields(message, func(f field) {
		switch f.id {
		case 2:
			participant.Identity = string(f.bytes)
		case 4:
			var track Track
			if e := parseFields(f.bytes, func(f field) {
				switch f.id {
				case 1:
					track.SID = string(f.bytes)
				case 2:
					track.Video = f.number == 1
				}
			}); e != nil {
				inner = e
			}
			participant.Tracks = append(participant.Tracks, track)
		}
	})
	return participant, errors.Join(err, inner)
}

// parseParticipants reads those in the given field: 1 of ParticipantUpdate, 3 (others) of JoinResponse.
func parseParticipants(message []byte, id protowire.Number) ([]Participant, error) {
	var participants []Participant
	var inner error
	err := parseFields(message, func(f field) {
		if f.id != id {
			return
		}
		participant, e := parseParticipant(f.bytes)
		if e != nil {
			inner = e
		}
		participants = append(participants, participant)
	})
	return participants, errors.Join(err, inner)
}
