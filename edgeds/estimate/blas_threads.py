"""Matrix products in one thread.

For products as small as those of the regressions, the threads of NumPy's BLAS wait for each other
in busy loops: at 1280x720 on two cores they took 25 ms of CPU time a frame beside the 6 ms of the
work, from the threads that decode and encode.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """Within it, NumPy's products run in the calling thread alone."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    import numpy  # noqa: F401  only libraries that are loaded are found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
