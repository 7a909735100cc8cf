"""Options that belong together, as one dataclass: a command names it and gets all of them.

Knows nothing about what the options mean.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters of a dataclass type become that dataclass's options.

    A field is an option as a parameter would be: Annotated with `typer.Option`, and with a default.
    """
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }

    @functools.wraps(command)
    def with_groups(*arguments: Any, **options: Any) -> None:
        for name, group in groups.items():
            given = {f.name: options.pop(f.name) for f in fields(group) if f.name in options}
            options[name] = group(**given)
        command(*arguments, **options)

    parameters = [p for name, p in signature.parameters.items() if name not in groups]
    added = [option for group in groups.values() for option in _options(group)]
    taken = [p.name for p in (*parameters, *added)]
    assert len(set(taken)) == len(taken), "two options of one name"
    signature = signature.replace(parameters=[*parameters, *added])
    with_groups.__signature__ = signature  # type: ignore[attr-defined]
    with_groups.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return with_groups


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
