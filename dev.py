"""Set up in a virtual environment of its own, then show or check edgeds.

    python3 dev.py demo     install edgeds, run `edgeds video` on the bundled clip
    python3 dev.py test     install edgeds with its test tools, run every check

Needs Python 3.10+ and pip, nothing else; works on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "floors": ["lint-imports"],
    "docs": ["mkdocs", "build", "--strict"],  # with --quiet, warnings would not count
}


def main() -> int:
    task = sys.argv[1] if len(sys.argv) == 2 else ""
    if task == "demo":
        return demo()
    if task == "test":
        return test()
    print(__doc__)
    return 2


def demo() -> int:
    """Overlay and contact sheet of a real clip, into demo/."""
    scripts = _environment(".venv", ["."])
    folder = ROOT / "demo"
    folder.mkdir(exist_ok=True)
    clip = ROOT / "tests" / "data" / "people_walking.mp4"
    command = [scripts / "edgeds", "video", clip]
    command += ["-o", folder / "people_walking.mp4", "--sheet", folder / "people_walking.png"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test() -> int:
    """Every check in turn; all run, the first failure is the verdict."""
    # constraints.txt holds the versions the checks were last green with.
    groups = [word for name in ("test", "train", "docs") for word in ("--group", name)]
    scripts = _environment(".venv-test", ["-e", ".", *groups, "-c", "tests/constraints.txt"])
    verdict = 0
    for name, command in CHECKS.items():
        if name == "types" and sys.version_info < (3, 11):
            print("== types: left out; NumPy's stubs for Python 3.10 are old ones", flush=True)
            continue
        print(f"== {name}: {' '.join(command)}", flush=True)
        # Material for MkDocs prints an advertisement for its successor.
        env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        line = [scripts / command[0], *command[1:]]
        code = subprocess.run(line, cwd=ROOT, env=env, check=False).returncode
        verdict = verdict or code
    code = _run_tests(scripts / "pytest")
    verdict = verdict or code
    print("== all checks passed" if verdict == 0 else "== a check failed", flush=True)
    return verdict


def _run_tests(pytest: Path) -> int:
    """All tests, in two processes side by side; the report of the second follows the first's."""
    tests = ROOT / "tests"
    with_tests = {file.relative_to(tests).parts[0] for file in tests.glob("*/**/test_*.py")}
    folders = sorted(with_tests - {"engine"})
    first = ["tests/engine", *(str(file) for file in sorted(tests.glob("test_*.py")))]
    print(f"== tests: pytest of tests/*.py and engine, beside {', '.join(folders)}", flush=True)
    with tempfile.TemporaryFile() as report:
        second = [pytest, *(f"tests/{folder}" for folder in folders)]
        with subprocess.Popen(second, cwd=ROOT, stdout=report, stderr=subprocess.STDOUT) as beside:
            code = subprocess.run([pytest, *first], cwd=ROOT, check=False).returncode
            code = beside.wait() or code
        report.seek(0)
        print(report.read().decode("utf-8", "replace"), flush=True)
    return code


def _environment(name: str, install: list[str]) -> Path:
    """The folder of the scripts of a virtual environment with edgeds in it."""
    if sys.version_info < (3, 10):  # noqa: UP036 (run by whatever python3 there is)
        raise SystemExit("edgeds needs Python 3.10 or newer; this is " + sys.version.split()[0])
    folder = ROOT / name
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    if not (scripts / "pip").exists() and not (scripts / "pip.exe").exists():
        print(f"making a virtual environment in {name}", flush=True)
        venv.create(folder, with_pip=True)
    print("installing (minutes the first time)", flush=True)
    pip = [scripts / "python", "-m", "pip", "install", "-q"]
    # Python 3.10 to 3.13 bring an older pip, which does not know --group.
    subprocess.run([*pip, "pip>=25.1"], cwd=ROOT, check=True)
    subprocess.run([*pip, *install], cwd=ROOT, check=True)
    return scripts


if __name__ == "__main__":
    sys.exit(main())
