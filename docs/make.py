"""Make the pictures of README and of the documentation, into docs/images.

python docs/make.py                 all but the page's
python docs/make.py moving plates   only these
python docs/make.py page            the page's, which needs Chromium and chromedriver

Pictures: moving, result, plates, network, walk, page.
"""

from __future__ import annotations

import sys
from importlib import import_module

PICTURES = ("moving", "result", "plates", "network", "walk", "page")


def main() -> int:
    wanted = sys.argv[1:] or [name for name in PICTURES if name != "page"]
    if unknown := [name for name in wanted if name not in PICTURES]:
        print(f"no such picture: {', '.join(unknown)}\n\n{__doc__}")
        return 2
    for name in wanted:
        import_module(f"figures.{name}").make()
    return 0


if __name__ == "__main__":
    sys.exit(main())
