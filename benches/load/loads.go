package main

import "sort"

// Source is one track that a member sends.
type Source struct {
	Member   int
	Video    bool
	Bitrate  int  // video: bits a second
	Speaking bool // audio: a packet in 20 ms; else one in 400 ms, as Opus' DTX does
}

// Load says who sends what and who receives whom. The names are those of docs/explanation/performance.md.
type Load struct {
	What    string
	Members int
	AtOnce  bool // all join in the same moment; else one in joinPace
	Sources []Source
	// Watches limits who watches whose video; nil: all of it, by the server's auto-subscription.
	Watches func(watcher, sender, members int) bool
}

// speakers is how many of a meeting speak at once: the chair, the speaker, and one who interrupts.
const speakers = 3

func onePicture(bitrate int) Load {
	return Load{
		What:    "one video to 30",
		Members: 31,
		Sources: []Source{{Member: 0, Video: true, Bitrate: bitrate}},
	}
}

func meeting(members, videoBitrate int) Load {
	load := Load{What: "all hear all", Members: members}
	for member := range members {
		load.Sources = append(load.Sources, Source{Member: member, Speaking: member < speakers})
	}
	if videoBitrate == 0 {
		return load
	}
	load.What = "ministerial: each sends video and sound, watches nine and hears all"
	load.Watches = watchesNext
	for member := range members {
		load.Sources = append(load.Sources, Source{Member: member, Video: true, Bitrate: videoBitrate})
	}
	return load
}

// watchesNext: each member watches the nine that follow it around the table, so that every picture has nine watchers.
func watchesNext(watcher, sender, members int) bool {
	distance := (sender - watcher + members) % members
	return distance >= 1 && distance <= 9
}

func arrival() Load {
	return Load{
		What:    "31 join at once, one video and one sound",
		Members: 31,
		AtOnce:  true,
		Sources: []Source{{Member: 0, Video: true, Bitrate: 1_500_000}, {Member: 0, Speaking: true}},
	}
}

var loads = map[string]Load{
	"a":   onePicture(1_500_000),
	"a6":  onePicture(6_000_000),
	"b":   meeting(30, 0),
	"c":   meeting(30, 300_000),
	"c6":  meeting(6, 300_000),
	"c10": meeting(10, 300_000),
	"c60": meeting(60, 300_000),
	"d":   arrival(),
}

func loadNames() []string {
	names := make([]string, 0, len(loads))
	for name := range loads {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Wanted says whether a member receives a source.
func (l Load) Wanted(member int, source Source) bool {
	if source.Member == member {
		return false
	}
	return !source.Video || l.Watches == nil || l.Watches(member, source.Member, l.Members)
}
