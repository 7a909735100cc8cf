"""Options that belong together: as one dataclass, and under one heading of `--help`.

A command that has a parameter of such a dataclass gets all of its options. Knows nothing about what
the options mean.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import MISSING, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand

from edgeds.cli.console import say

INPUT = "Camera"
OUTPUT = "Output"
PLATE = "Plate"
ENGINE = "Engine"
DEPTH = "Depth"
SIGNALS = "Objects and events"
LAYERS = "Layers for editors"
EFFECTS = "Effects with depth"

_GIVEN: ContextVar[Mapping[str, str]] = ContextVar("given")


class SectionedCommand(TyperCommand):
    """A command whose help lists each option under its `rich_help_panel`, the others at the end.

    It prints plain text: Typer knows these headings only in its tables. It refuses numbers that are
    infinite or not a number, which the limits of an option let through.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for before, name in pairwise(["", *args]):
            if not name and before != "--video-options":
                raise typer.BadParameter("it is empty: is a variable of the shell unset?", ctx=ctx)
            if name == "--":
                break
            if before[:1] != "-" and name[:1] == "-" and Path(name).is_file():
                raise typer.BadParameter(
                    f"{name!r} is taken for an option, and a file has this name. "
                    f"For the file write ./{name}",
                    ctx=ctx,
                )
        return super().parse_args(ctx, args)

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        try:
            context = super().make_context(*arguments, **more)
        except typer.BadParameter as error:  # Typer passes Pydantic's words on
            error.message = error.message.removeprefix("Value error, ")
            raise
        parameters: list[Any] = list(self.params)
        for parameter in parameters:
            value = context.params.get(parameter.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise typer.BadParameter(
                    f"{value} is not a finite number.", ctx=context, param=parameter
                )
        return context

    def invoke(self, ctx: Any) -> Any:
        _GIVEN.set(_given(ctx))
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer makes an exit code of it, without a word
            say("edgeds: stopped")
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        others = []
        for parameter in sorted(self.get_params(ctx), key=_comes_after_arguments):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                sections.setdefault("Arguments", []).append(record)
            elif heading := getattr(parameter, "rich_help_panel", None):
                sections.setdefault(heading, []).append(record)
            else:
                others.append(record)
        rest = "Other options" if sections.keys() - {"Arguments"} else "Options"
        for heading, records in {**sections, rest: others}.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """The examples, each on its own line however long it is."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"  {line}\n")


def options_given() -> Mapping[str, str]:
    """The options on the command line: what the command calls them -> as they are typed."""
    return _GIVEN.get({})


def _given(context: Any) -> dict[str, str]:
    given = {}
    for option in context.command.params:
        value, source = context.params.get(option.name), context.get_parameter_source(option.name)
        if source is None or source.name != "COMMANDLINE" or option.param_type_name == "argument":
            continue
        off = value is False and bool(option.secondary_opts)
        given[option.name] = max(option.secondary_opts if off else option.opts, key=len)
    return given


def _comes_after_arguments(parameter: Any) -> bool:
    return bool(parameter.param_type_name != "argument")


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters of a dataclass type become that dataclass's options.

    A field is an option as a parameter would be: Annotated with `typer.Option`, and with a default.
    The dataclass's `heading` is the heading of all of them in `--help`.
    """
    signature, groups = inspect.signature(command, eval_str=True), _groups(command)

    @functools.wraps(command)
    def with_groups(*arguments: Any, **options: Any) -> None:
        command(*arguments, **gathered(command, options))

    parameters = [p for name, p in signature.parameters.items() if name not in groups]
    added = [option for group in groups.values() for option in _options(group)]
    taken = [p.name for p in (*parameters, *added)]
    assert len(set(taken)) == len(taken), "two options of one name"
    signature = signature.replace(parameters=[*parameters, *added])
    with_groups.__signature__ = signature  # type: ignore[attr-defined]
    with_groups.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return with_groups


def gathered(command: Callable[..., None], options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a command for these options: those of a group as its dataclass."""
    arguments = dict(options)
    for name, group in _groups(inspect.unwrap(command)).items():
        given = {f.name: arguments.pop(f.name) for f in fields(group) if f.name in arguments}
        arguments[name] = group(**given)
    return arguments


def _groups(command: Callable[..., None]) -> dict[str, Any]:
    """The command's parameters of a dataclass type."""
    parameters = inspect.signature(command, eval_str=True).parameters
    return {name: p.annotation for name, p in parameters.items() if is_dataclass(p.annotation)}


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=_under(group.heading, hints[field.name]),
        )
        for field in fields(group)
    ]


def _under(heading: str, annotation: Any) -> Any:
    """The annotation of the same option, with this heading in `--help`."""
    kind, option, *_ = get_args(annotation)
    option = copy.copy(option)
    option.rich_help_panel = heading
    return Annotated[kind, option]
