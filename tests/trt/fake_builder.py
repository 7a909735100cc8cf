"""What a fake TensorRT (see fake_tensorrt.py) does when it builds: enough to see in which order and
with what edgeds asks it, and how it takes refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TIMES = b"times of "
"""A timing cache begins so, followed by the version of the library that measured."""


def behaviour(*, fails: bool = False) -> dict[str, Callable[..., Any]]:
    """For `fake_tensorrt.BEHAVIOUR`. `fails`: the builder finds no kernel for a layer."""

    def start_builder(builder: Any, _library: Any, logger: Any) -> None:
        builder.logger = logger

    def start_parser(parser: Any, _library: Any, network: Any, _logger: Any) -> None:
        parser.network, parser.num_errors = network, 0

    def network(_builder: Any, library: Any, flags: int = 0) -> Any:
        made = library.INetworkDefinition()
        made.flags, made.num_outputs = flags, 0
        return made

    def parse(parser: Any, _library: Any, model: str) -> bool:
        parser.network.model, parser.network.num_outputs = model, 2
        return True

    def config(_builder: Any, library: Any) -> Any:
        made = library.IBuilderConfig()
        made.cache = None
        return made

    def cache(_config: Any, library: Any, data: bytes) -> Any:
        made = library.ITimingCache()
        made.data = data
        return made

    def use_cache(config: Any, library: Any, cache: Any, ignore_mismatch: bool) -> bool:
        own = TIMES + library.__version__.encode()
        if not ignore_mismatch and cache.data and not cache.data.startswith(own):
            return False  # as the real one does with another version's
        config.cache = cache
        return True

    def build(builder: Any, library: Any, network: Any, config: Any) -> Any:
        severity = library.ILogger.Severity
        if fails:
            builder.logger.log(severity.ERROR, "could not find any implementation for /stem/Conv")
            return None
        if config.cache is not None:
            own = TIMES + library.__version__.encode()
            config.cache.data = (config.cache.data or own) + b"."
        return f"plan of {network.model} {network.flags}".encode()

    return {
        "Builder": start_builder,
        "OnnxParser": start_parser,
        "Builder.create_network": network,
        "Builder.create_builder_config": config,
        "Builder.build_serialized_network": build,
        "OnnxParser.parse_from_file": parse,
        "IBuilderConfig.create_timing_cache": cache,
        "IBuilderConfig.set_timing_cache": use_cache,
        "IBuilderConfig.get_timing_cache": lambda config, _: config.cache,
        "ITimingCache.serialize": lambda cache, _: cache.data,
    }
