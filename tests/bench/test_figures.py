"""The figures of the meeting plane: what is made of their values, and that each harness measures what it says."""

import pytest
from benches import groups, joins, newcomer, record
from benches.figures import Figure, as_json


def test_a_figure_is_judged_by_its_median_and_met_on_its_bound() -> None:
    assert Figure("joins", "x", "s", (1, 5, 90), bound=5).met is True
    assert Figure("joins", "x", "s", (1, 5.1, 90), bound=5).met is False
    assert Figure("joins", "x", "s", (1,)).met is None


def test_95_of_100_is_by_the_nearest_rank() -> None:
    assert Figure("joins", "x", "s", tuple(range(1, 101))).p95 == 95
    assert Figure("joins", "x", "s", (7,)).p95 == 7


def test_the_json_has_each_value_and_not_only_the_median() -> None:
    (row,) = as_json([Figure("record", "x", "s", (1, 2, 3))])
    assert (row["values"], row["median"]) == ((1, 2, 3), 2)


def test_a_group_of_three_is_measured_through_adds_welcomes_and_removals() -> None:
    found = groups.by_python((3,), 1)
    assert all(min(figure.values) > 0 for figure in found)
    assert {"add one: stage the commit", "welcome: join", "remove one: process it"} <= {
        figure.what.removeprefix("Python, 3 members: ") for figure in found
    }


def test_appends_are_counted_for_one_writer_and_for_two() -> None:
    assert [len(figure.values) for figure in record.measure((1, 2), 0.05, 1)] == [1, 1]


@pytest.mark.long
def test_three_who_knock_at_once_are_measured_until_all_are_in() -> None:
    whole, each, *cpu = joins.measure(3, 1)
    assert (len(whole.values), len(each.values)) == (1, 3)
    assert all(min(figure.values) > 0 for figure in cpu)


@pytest.mark.long
def test_appends_over_http_are_counted() -> None:
    (figure,) = record.measure_http((2,), 0.2, 1)
    assert figure.median > 0


@pytest.mark.long
def test_the_way_in_of_a_newcomer_is_counted_and_its_waits_end_with_a_picture() -> None:
    down, up, python, chromium = newcomer.measure(4, 1)
    assert down.median > up.median > 0
    assert python.median > 0
    assert chromium.median > 0
