package main

import "testing"

func arrive(sequences ...uint64) Count {
	var flow Flow
	for _, sequence := range sequences {
		flow.Arrive(sequence, 0)
	}
	return flow.Mark(false)
}

func TestAGapIsCountedUntilItIsFilled(t *testing.T) {
	if got := arrive(5, 6, 9); got.missing != 2 || got.received != 3 {
		t.Errorf("two are missing after 5 6 9: %+v", got)
	}
	if got := arrive(5, 6, 9, 7, 8); got.missing != 0 || got.received != 5 {
		t.Errorf("resent packets fill the gap: %+v", got)
	}
}

func TestASecondCopyIsADuplicateAndFillsNothing(t *testing.T) {
	if got := arrive(5, 7, 7, 5); got.missing != 1 || got.received != 2 || got.duplicates != 2 {
		t.Errorf("6 is missing, and two came twice: %+v", got)
	}
}

func TestWhatWasSentBeforeTheFirstPacketIsNoGap(t *testing.T) {
	if got := arrive(100, 99, 101); got.missing != 0 || got.received != 3 {
		t.Errorf("the flow began at 100: %+v", got)
	}
}

func TestAnOutageIsAllGap(t *testing.T) {
	if got := arrive(1, 1001); got.missing != 999 {
		t.Errorf("999 are missing: %+v", got)
	}
}

func TestAProbeSurvivesWhatAServerRewritesBeforeIt(t *testing.T) {
	payload := make([]byte, 100)
	putProbe(payload, 7, 1<<40)
	source, sequence, _, ok := readProbe(payload[3:])
	if !ok || source != 7 || sequence != 1<<40 {
		t.Errorf("got %d %d %v", source, sequence, ok)
	}
	if _, _, _, ok := readProbe(payload[:99]); ok {
		t.Error("a payload that was cut has no probe")
	}
}

func TestEachPictureOfALargeMeetingHasNineWatchers(t *testing.T) {
	for name, flows := range map[string]int{"a": 30, "b": 870, "c": 870 + 270, "c6": 60, "d": 60} {
		count := 0
		load := loads[name]
		for _, source := range load.Sources {
			for member := range load.Members {
				if load.Wanted(member, source) {
					count++
				}
			}
		}
		if count != flows {
			t.Errorf("load %s: %d flows, not %d", name, count, flows)
		}
	}
}

func TestAKeyFrameIsToldFromADeltaFrameByItsFirstPacket(t *testing.T) {
	payload := make([]byte, 64)
	putVP8(payload, true, true, 0x1234)
	if payload[0]&0x10 == 0 || payload[descriptorSize]&1 != 0 || payload[descriptorSize+3] != 0x9d {
		t.Errorf("a key frame's first packet says so: % x", payload[:16])
	}
	putVP8(payload, true, false, 0x1234)
	if payload[descriptorSize]&1 != 1 {
		t.Error("a delta frame is none")
	}
}
