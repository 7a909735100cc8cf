"""What `edgeds batch` prints: its choices, a line for each clip, a table or JSON at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeds.cli.batch.run import Job
from edgeds.cli.console import print_json, print_table, say
from edgeds.errors import counted

_ROWS = 50
"""Longer tables show only what failed."""

Entries = Mapping[str, dict[str, Any]]
"""Name of a clip -> how it ended."""


def say_jobs(jobs: Sequence[Job], entries: Entries, where: str, folder: str) -> None:
    """Print what will be done, and which clips are left alone because their output was changed."""
    changed = [(name, e["why"]) for name, e in entries.items() if e["status"] == "changed"]
    skipped = len(entries) - len(changed)
    done = f", {skipped} of them done before" if skipped else ""
    done += f", {len(changed)} left alone" if changed else ""
    say(f"{counted(len(jobs) + len(entries), 'clip')}{done} -> {folder}, {where}")
    for name, why in changed:
        say(f"changed {name}: {why}")
    plates = {job.plate for job in jobs}
    if plates == {None}:
        say("plate: estimated from each clip")
    elif len(plates) == 1:
        say(f"plate: {next(iter(plates))}")
    elif plates:
        without = sum(job.plate is None for job in jobs)
        rest = f"; estimated for {counted(without, 'clip')}" if without else ""
        say(f"plates: {len(plates - {None})} files{rest}")


def lines_of(job: Job, entry: Mapping[str, Any]) -> str:
    """How a clip ended, in one line, and a line for each of its notes."""
    if entry["status"] == "done":
        frames = counted(entry["frames"], "frame")
        line = f"done    {job.clip.path}: {frames}, {entry['fps']:.1f} fps"
    else:
        fix = f" ({entry['fix']})" if entry.get("fix") else ""
        line = f"failed  {job.clip.path}: {entry['why']}{fix}"
    return "\n".join([line, *(f"  note: {note}" for note in entry.get("notes") or ())])


def result(
    entries: Entries, *, clips: int, skipped: int, secs: float, folder: str, stopped: bool
) -> dict[str, Any]:
    """The JSON object of a batch. `skipped`: how many entries are done of an earlier run."""
    counts = Counter(entry["status"] for entry in entries.values())
    status: Literal["done", "failed", "stopped"] = "done"
    if stopped:
        status = "stopped"
    elif counts["failed"]:
        status = "failed"
    return {
        "status": status,
        "folder": folder,
        "clips": clips,
        "done": counts["done"],
        "done_before": skipped,
        "changed": counts["changed"],
        "failed": counts["failed"],
        "left": clips - len(entries),
        "frames": sum(int(entry.get("frames") or 0) for entry in entries.values()),
        "secs": round(secs, 3),
        "results": [{"clip": name, **entry} for name, entry in entries.items()],
    }


def print_result(report: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    results = report["results"]
    if len(results) > _ROWS:
        results = [one for one in results if one["status"] != "done"]
    title = (
        f"{report['done']} of {report['clips']} clips done ({report['done_before']} of them "
        f"before), {report['failed']} failed, {report['left']} left, "
        + (f"{report['changed']} changed and left alone, " if report["changed"] else "")
        + counted(report["frames"], "frame")
    )
    rows = [
        [
            one["clip"],
            one["status"],
            str(one.get("frames") or ""),
            f"{one['fps']:.1f}" if one.get("fps") else "",
            str(one["attempts"]),
            str(one.get("why") or one.get("output") or ""),
        ]
        for one in results
    ]
    columns = ["clip", "status", "frames", "fps", "attempts", "output, or why not"]
    print_table(title, columns, rows, ends_in_words=True)
    if report["left"]:
        say("the same command goes on with what is left")
