"""Make the pictures of README and of the documentation, into docs/images.

python docs/make.py                 all but the page's
python docs/make.py moving plates   only these
python docs/make.py page            the page's, which needs Chromium and chromedriver
python docs/make.py depth_people -- CLIP...    with rows for other clips

Pictures: moving, result, layers, plates, depth_people, network, walk, page.
"""

from __future__ import annotations

import sys
from importlib import import_module

PICTURES = ("moving", "result", "layers", "plates", "depth_people", "network", "walk", "page")


def main() -> int:
    given = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    wanted = given or [name for name in PICTURES if name != "page"]
    if unknown := [name for name in wanted if name not in PICTURES]:
        print(f"no such picture: {', '.join(unknown)}\n\n{__doc__}")
        return 2
    for name in wanted:
        import_module(f"figures.{name}").make()
    return 0


if __name__ == "__main__":
    sys.exit(main())
