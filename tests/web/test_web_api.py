"""What other programs ask the page's server: state, events, rules, metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Served, serving, wait_until
from websockets.sync.client import connect

from edgeds.live.signals.rules.kinds import Rules, Zone

ALL = Zone(name="all", points=((0, 0), (1, 0), (1, 1), (0, 1)))
OTHER = "[[zone]]\nname = 'other'\npoints = [[0, 0], [1, 0], [1, 1]]\n"


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("seeing")) as start:
        page = start("0.0.0.0:0", rules=Rules(zones=(ALL,)))
        wait_until(lambda: page.run.signals and page.run.signals.seen)
        yield page


def _bearer(page: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {page.token}"}


def test_the_state_is_there_for_who_has_the_token(seeing: Served) -> None:
    answer = seeing.ask("/api/state", **_bearer(seeing))
    assert answer.status == 200
    state = json.loads(answer.body)
    assert state["event"] == "state"
    assert state["zones"].keys() == {"all"}
    for path in ("/api/state", "/api/rules", "/metrics"):
        assert seeing.ask(path).status == 401
        assert seeing.ask(path, Authorization="Bearer wrong").status == 401
        assert seeing.ask(path, Authorization=f"Basic {seeing.token}").status == 401


def test_a_program_follows_events_without_being_a_page(seeing: Served) -> None:
    url = f"ws://{seeing.host}/api/events"
    with connect(url, additional_headers=_bearer(seeing), proxy=None) as socket:
        first = json.loads(socket.recv(timeout=60))
        assert first["event"] == "state"
        kinds = {json.loads(socket.recv(timeout=60))["event"] for _ in range(6)}
    assert kinds & {"object.appeared", "object.left", "zone.entered", "state"}
    signals = seeing.run.signals
    assert signals is not None
    wait_until(lambda: not signals._listeners)


def test_events_need_the_token_and_foreign_pages_get_none(seeing: Served) -> None:
    from websockets.exceptions import InvalidStatus

    url = f"ws://{seeing.host}/api/events"
    for headers in ({}, {"Authorization": "Bearer no"}):
        with pytest.raises(InvalidStatus):
            connect(url, additional_headers=headers, proxy=None)
    with pytest.raises(InvalidStatus):
        connect(url, additional_headers=_bearer(seeing), origin="http://evil.example", proxy=None)


def test_rules_are_read_and_exchanged(seeing: Served) -> None:
    before = seeing.ask("/api/rules", **_bearer(seeing)).body.decode()
    assert 'name = "all"' in before
    answer = seeing.ask("/api/rules", method="POST", body=OTHER, **_bearer(seeing))
    assert answer.status == 200
    assert b'"other"' in answer.body
    wait_until(lambda: seeing.run.signals.seen.watched["zones"].keys() == {"other"})
    wrong = seeing.ask("/api/rules", method="POST", body="[[zone]]", **_bearer(seeing))
    assert wrong.status == 400
    assert "line 1" in json.loads(wrong.body)["what"]
    assert seeing.ask("/api/rules", method="POST", body=OTHER).status == 403
    long = "#" * 70_000
    assert seeing.ask("/api/rules", method="POST", body=long, **_bearer(seeing)).status == 413
    seeing.ask("/api/rules", method="POST", body=before, **_bearer(seeing))


def test_prometheus_reads_the_metrics(seeing: Served) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    answer = seeing.ask("/metrics", **_bearer(seeing))
    assert answer.status == 200
    families = {f.name: f for f in parser.text_string_to_metric_families(answer.body.decode())}
    assert families["edgeds_source_up"].samples[0].value == 1
    assert families["edgeds_frames_per_second"].samples[0].value > 0
    assert families["edgeds_zone_objects"].samples[0].labels.keys() == {"zone"}
    assert families["edgeds_events"].type == "counter"


def test_a_run_without_signals_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as start:
        page = start()
        answer = page.ask("/api/state")
        assert answer.status == 404
        assert "--rules" in json.loads(answer.body)["fix"]
        assert page.ask("/metrics").status == 200


def test_an_object_is_taken_into_the_plate_by_its_id(seeing: Served) -> None:
    def post(body: str) -> int:
        return seeing.ask("/api/plate/take-in", method="POST", body=body, **_bearer(seeing)).status

    for wrong in ("", "[]", "{}", '{"object": true}', '{"object": "1"}'):
        assert post(wrong) == 400
    assert post('{"object": 999999}') == 404
    assert post('{"object": 1}' + 70_000 * " ") == 413
    assert seeing.ask("/api/plate/take-in", method="POST", body='{"object": 1}').status == 403

    def taken() -> bool:
        things = seeing.run.signals.seen.objects
        return any(post(json.dumps({"object": thing.id})) == 200 for thing in things)

    wait_until(taken)
