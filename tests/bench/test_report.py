"""What `make bench` makes of its samples: medians, the ratio of the two servers, and the verdict on each target."""

from dataclasses import replace

from benches.generator import Sample, Spread
from benches.report import as_json, ratio, targets
from benches.servers import OURS, PEER


def sample(server: str, load: str, packets_per_cpu_second: float) -> Sample:
    return Sample(
        server=server,
        load=load,
        packets_per_second=22_500,
        packets_per_cpu_second=packets_per_cpu_second,
        cpu_share=0.2,
        others_share=0.0,
        gaps=0,
        pauses=0,
        silent=0,
        uninvited=0,
        latency=Spread(0.4, 1.0, 2.0),
        join=Spread(2.0, 5.0, 6.0),
        first_media=Spread(50.0, 90.0, 95.0),
        rss_idle_bytes=1 << 26,
        rss_loaded_bytes=1 << 27,
        seconds=5,
    )


def test_a_ratio_is_that_of_the_medians_of_one_run() -> None:
    rounds = [sample(PEER, "c", figure) for figure in (80_000, 20_000, 90_000)]
    rounds += [sample(OURS, "c", figure) for figure in (160_000, 900_000, 100_000)]
    assert ratio(rounds, "c") == 2.0


def test_a_round_that_lost_packets_has_no_part_in_the_ratio() -> None:
    rounds = [sample(PEER, "c", 80_000), sample(OURS, "c", 160_000)]
    fast_because_it_drops = replace(sample(OURS, "c", 900_000), gaps=20_000)
    assert ratio([*rounds, fast_because_it_drops], "c") == 2.0


def test_without_livekit_server_there_is_no_ratio_and_no_verdict_on_it() -> None:
    rounds = [sample(OURS, "c", 160_000)]
    assert ratio(rounds, "c") is None
    assert {row.met for row in targets(rounds) if "multiple" in row.what} == {None}


def test_a_target_is_met_on_its_bound_and_missed_beyond_it() -> None:
    on_the_bound = replace(sample(OURS, "c", 1), latency=Spread(0.6, 1.0, 4.0))
    beyond = replace(on_the_bound, latency=Spread(0.6, 1.0, 4.1))
    (met,) = (row for row in targets([on_the_bound]) if row.what == "added latency, c, p99")
    (missed,) = (row for row in targets([beyond]) if row.what == "added latency, c, p99")
    assert (met.met, missed.met) == (True, False)


def test_the_json_has_each_sample_and_not_only_the_medians() -> None:
    rounds = [sample(OURS, "a", 1), sample(OURS, "a", 3)]
    assert [each["packets_per_cpu_second"] for each in as_json(rounds, [])["samples"]] == [1, 3]
