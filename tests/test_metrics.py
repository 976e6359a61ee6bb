"""What the bridge counts can be read by Prometheus, and stays small."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api_bridge.metrics import BUCKETS, MEDIA_TYPE, METRICS, MOST, Metrics


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample, as Prometheus' own Python reader has it: name and label values → number."""
    return {
        (sample.name.removeprefix("tinyspaces_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_before_the_first_question_there_is_something_to_read():
    """Every metric's kind and meaning is there; no number is made up."""
    families = {family.name: family for family in text_string_to_metric_families(Metrics().text())}
    assert families.keys() == {f"tinyspaces_{name.removesuffix('_total')}" for name in METRICS}
    assert all(family.documentation and family.type != "unknown" for family in families.values())
    assert read(Metrics()) == {}
    assert Metrics().text().endswith("\n")
    assert MEDIA_TYPE.startswith("text/plain; version=0.0.4")


def test_questions_are_counted_by_their_end():
    """An operator sees what is answered, kept and refused, demo by demo."""
    metrics = Metrics()
    for outcome in ("answered", "answered", "kept", "space-busy"):
        metrics.count("questions_total", demo="catdog", outcome=outcome)
    metrics.count("questions_total", outcome="answered", demo="birds")
    assert read(metrics) == {
        ("questions_total", "catdog", "answered"): 2,
        ("questions_total", "catdog", "kept"): 1,
        ("questions_total", "catdog", "space-busy"): 1,
        ("questions_total", "birds", "answered"): 1,
    }


def test_a_gauge_stands_where_it_was_set():
    """How many wait is told as it is now, not as it was."""
    metrics = Metrics()
    for value in (3, 5, 0):
        metrics.set("waiting", value, space="here")
    metrics.set("breaker_open", 1, space="here")
    assert read(metrics) == {("waiting", "here"): 0, ("breaker_open", "here"): 1}


def test_times_fall_into_buckets_that_add_up():
    """A percentile can be drawn: each bucket holds the ones before it, and the last holds all."""
    metrics = Metrics()
    times = [0.0, 0.005, 0.006, 0.2, 3.0, 500.0]
    for seconds in times:
        metrics.observe("question_seconds", seconds, demo="catdog")
    seen = read(metrics)
    for limit in BUCKETS:
        bound = "+Inf" if limit == math.inf else str(limit)
        assert seen["question_seconds_bucket", "catdog", bound] == sum(each <= limit for each in times)
    assert seen["question_seconds_count", "catdog"] == len(times)
    assert seen["question_seconds_sum", "catdog"] == pytest.approx(sum(times))
    metrics.observe("photos_seconds", 0.1)
    assert read(metrics)["photos_seconds_count",] == 1


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\\n", 'é😀{}=,"', "", "\\"])
def test_no_name_can_break_the_text(name):
    """A Space called anything is one line, and read back as it was."""
    metrics = Metrics()
    metrics.count("retries_total", space=name)
    metrics.count("retries_total", space="next")
    assert read(metrics) == {("retries_total", name): 1, ("retries_total", "next"): 1}


@pytest.mark.parametrize(
    ("act", "name", "labels"),
    [
        ("count", "question_total", {"demo": "catdog", "outcome": "kept"}),
        ("count", "questions_total", {"demo": "catdog"}),
        ("count", "questions_total", {"demo": "catdog", "outcome": "kept", "visitor": "1.2.3.4"}),
        ("count", "waiting", {"space": "here"}),
        ("observe", "waiting", {"space": "here"}),
        ("observe", "photos_seconds", {"demo": "catdog"}),
        ("set", "retries_total", {"space": "here"}),
    ],
)
def test_only_what_is_declared_is_counted(act, name, labels):
    """A slip in a name is found by the first test that meets it, and nothing of a visitor slips in."""
    metrics = Metrics()
    words = () if act == "count" else (1.0,)
    with pytest.raises(ValueError, match=f"There is no .* {name}"):
        getattr(metrics, act)(name, *words, **labels)
    assert read(metrics) == {}


def test_a_flood_of_names_does_not_fill_the_memory():
    """Past a limit they are counted together: the sum stays right, and those known stay themselves."""
    metrics = Metrics()
    for number in range(3 * MOST):
        metrics.count("retries_total", space=f"you/space-{number}")
    metrics.count("retries_total", space="you/space-0")
    seen = read(metrics)
    assert len(seen) == MOST + 1
    assert seen["retries_total", "you/space-0"] == 2
    assert seen["retries_total", "other"] == 2 * MOST
    assert sum(seen.values()) == 3 * MOST + 1
