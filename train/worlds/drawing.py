"""Draws worlds in processes of this machine or of a cluster. Knows nothing about their contents."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from train.sets.workers import open_workers
from train.worlds.kinds import drawing_of
from train.worlds.library import library_in
from train.worlds.track_models import TRACKS
from train.worlds.write_set import scene_name, scenes_written, write_worlds


def draw_worlds(
    kind: str,
    data: Path,
    output: Path,
    count: int,
    *,
    furniture: Path | None = None,
    tracks: Path = TRACKS,
    seed: int = 1,
    val: bool = False,
    processes: int = 1,
    ray: str | None = None,
) -> Iterator[int]:
    """Draw a set; yield the number of finished worlds from time to time.

    Args:
        ray: address of a Ray cluster, which then does the work; its machines share the folders.

    Raises:
        FileNotFoundError: material is missing.
        InputError: no cluster answers.
    """
    data, output = data.absolute(), output.absolute()
    furniture = None if furniture is None else furniture.absolute()
    tracks = tracks.absolute()
    library = library_in(data, furniture, tracks=tracks)
    drawing_of(kind, library)  # so that an error is raised here, not in a process
    manifest = output / "manifest.jsonl"
    wanted = {scene_name(kind, seed, number, val=val) for number in range(count)}
    workers, shares = open_workers(processes, ray)
    with workers as pool:
        jobs = [
            pool.submit(
                _share, kind, data, output, count, (furniture, tracks), seed, val, (i, shares)
            )
            for i in range(shares)
        ]
        while not all(job.done() for job in jobs):
            time.sleep(1)
            yield len(wanted & scenes_written(manifest))
        for job in jobs:
            job.result()
    yield len(wanted & scenes_written(manifest))


def _share(
    kind: str,
    data: Path,
    output: Path,
    count: int,
    models: tuple[Path | None, Path],
    seed: int,
    val: bool,
    share: tuple[int, int],
) -> None:
    cv2.setNumThreads(1)
    furniture, tracks = models
    library = library_in(data, furniture, split="val" if val else "train", tracks=tracks)
    draw = drawing_of(kind, library)
    for _ in write_worlds(output, count, draw, world=kind, seed=seed, val=val, share=share):
        pass
