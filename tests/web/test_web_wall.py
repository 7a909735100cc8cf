"""The wall of many cameras: one server, small pictures of all, a whole page of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import cv2
import numpy as np
import pytest
from clients import Answer, Served, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from edgeds.live.cameras.camera_control import CameraControl
from edgeds.live.cameras.wall_page import WallPage
from edgeds.live.simulated import SimulatedRun


@dataclass
class Walled:
    """A wall with two simulated runs and a camera that is away, as its clients see it."""

    runs: dict[str, SimulatedRun]
    served: Served

    def ask(self, path: str, **options: str) -> Answer:
        return self.served.ask(path, **options)


@pytest.fixture(scope="module", params=["127.0.0.1:0", "0.0.0.0:0"], ids=["here", "open"])
def wall(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walled]:
    folder = tmp_path_factory.mktemp("wall")
    runs = {name: SimulatedRun(folder, size=(90, 160)) for name in ("door", "yard")}
    with WallPage(request.param, {**runs, "away": CameraControl("an engine")}) as page:
        for name, run in runs.items():
            run.add_sink(page.sink(name))
        yield Walled(runs, Served(runs["door"], page))  # type: ignore[arg-type]
        for run in runs.values():
            run.close()


def headers(wall: Walled) -> dict[str, str]:
    return {} if wall.served.token is None else {"Cookie": wall.served.cookie}


def test_the_wall_lists_every_camera_with_its_state(wall: Walled) -> None:
    assert b"wall.js" in wall.ask("/", **headers(wall)).body
    answer = wall.ask("/cameras.json", **headers(wall))
    cameras = {one["name"]: one for one in json.loads(answer.body)["cameras"]}
    assert set(cameras) == {"door", "yard", "away"}
    assert cameras["door"]["state"] == "running"
    assert cameras["away"]["picture"] is None


def test_small_pictures_are_there_once_a_camera_has_one(wall: Walled) -> None:
    def small() -> bytes | None:
        answer = wall.ask("/cameras/door/small.jpg", **headers(wall))
        return answer.body if answer.status == 200 else None

    pixels = cv2.imdecode(np.frombuffer(wait_until(small), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (90, 160, 3)
    assert wall.ask("/cameras/away/small.jpg", **headers(wall)).status == 404
    assert wall.ask("/cameras/nobody/small.jpg", **headers(wall)).status == 404


def test_each_camera_has_its_own_page_and_its_own_commands(wall: Walled) -> None:
    answer = wall.ask("/cameras/yard", **headers(wall))
    assert (answer.status, answer.headers["location"]) == (307, "/cameras/yard/")
    assert b"Take the plate" in wall.ask("/cameras/yard/", **headers(wall)).body
    url = f"ws://{wall.served.host}/cameras/yard/live"
    extra = headers(wall)
    with connect(
        url, origin=wall.served.origin, proxy=None, compression=None, additional_headers=extra
    ) as viewer:
        viewer.send(json.dumps({"do": "view", "view": "mask"}))
        wait_until(lambda: wall.runs["yard"].status().view == "mask")
    assert wall.runs["door"].status().view == "overlay"


def test_every_link_of_a_cameras_page_leads_somewhere(wall: Walled) -> None:
    url = "http://wall/cameras/yard/"
    page = wall.ask("/cameras/yard/", **headers(wall)).body.decode()
    links = set(re.findall(r"""<a [^>]*href="([^"#]+)"|src="([^"]+)""", page))
    paths = {urljoin(url, one or other).removeprefix("http://wall") for one, other in links}
    # This run looks for no objects, so there are no rules to load.
    rules = "/cameras/yard/api/rules"
    assert {"/", rules} <= paths
    assert {wall.ask(path, **headers(wall)).status for path in paths - {rules}} == {200}


def test_programs_follow_the_events_of_a_camera(wall: Walled) -> None:
    url = f"ws://{wall.served.host}/cameras/yard/api/events"
    token = wall.served.token
    extra = {} if token is None else {"Authorization": f"Bearer {token}"}
    program = connect(url, proxy=None, compression=None, additional_headers=extra)
    with program, pytest.raises(ConnectionClosed) as caught:
        program.recv(timeout=60)
    assert "does not look for objects" in str(caught.value)


def test_prometheus_reads_the_metrics_of_all_cameras_in_one_request(wall: Walled) -> None:
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is missing")
    answer = wall.ask("/metrics", **headers(wall))
    assert answer.headers["content-type"].startswith("text/plain")
    families = list(parser.text_string_to_metric_families(answer.body.decode()))
    assert len({family.name for family in families}) == len(families)
    samples = [sample for family in families for sample in family.samples]
    up = {s.labels["camera"]: s.value for s in samples if s.name == "edgeds_source_up"}
    assert up == {"door": 1, "yard": 1, "away": 0}
    fates = {tuple(sorted(s.labels)) for s in samples if s.name == "edgeds_frames_total"}
    assert fates == {("camera", "fate")}


def test_a_wall_that_is_open_to_the_network_asks_for_its_token_everywhere(wall: Walled) -> None:
    paths = ("/", "/cameras.json", "/cameras/door/", "/cameras/door/small.jpg", "/wall.js")
    paths = (*paths, "/metrics")
    wanted = 200 if wall.served.token is None else 401
    assert {wall.ask(path).status for path in paths} == {wanted}
    assert wall.ask("/cameras.json", Host="evil.example").status == 421


def test_a_camera_without_a_run_takes_commands_and_says_why() -> None:
    control = CameraControl("an engine")
    control.take_plate()
    control.set_view("mask")
    assert control.snapshot() is None
    assert control.plate() is None
    assert control.status().engine == "an engine"
