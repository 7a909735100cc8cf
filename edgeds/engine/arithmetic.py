"""The arithmetic in which a float engine runs on a CPU.

bfloat16 takes .63 of float's time where the processor has instructions for it (AVX512_BF16, AMX);
elsewhere OpenVINO imitates it, at 2.4 times float's time. On held-out frames it is closer to float
than INT8 is, and passes the accuracy gate at the size of every preset, where INT8 fails at the
smallest. Knows nothing about engines.
"""

from __future__ import annotations

from typing import Literal

Arithmetic = Literal["float", "bf16"]

BF16 = "bf16"
"""For `--engine`: the shipped engine in bfloat16; "bf16:FOLDER" is another one."""


def split_name(engine: str) -> tuple[str, Arithmetic]:
    """(the engine, its arithmetic) of "bf16", "bf16:FOLDER" or a plain name, which is float. The
    engine is empty where it is the shipped one.
    """
    if engine == BF16:
        return "", "bf16"
    prefix, colon, rest = engine.partition(":")
    return (rest, "bf16") if colon and prefix == BF16 else (engine, "float")
