"""A component's configuration from a YAML file and command-line flags, which override the file.

Every field of the pydantic model is a flag: ``blocks.count`` in YAML is ``--blocks.count``.
Lists take several values; lists of components take one ``key=value,key=value`` for each. A mapping,
such as ``target.options``, takes ``--target.options.KEY VALUE`` for each of its keys.
Values are only gathered here; pydantic alone converts and checks them, once.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kenning_lego.core.announced import component_for
from kenning_lego.core.configuration import Component, explain
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flag_table import Flag, flags_of
from kenning_lego.core.help import Interface, full_help, group_help, short_help
from kenning_lego.core.output import ASKED, current
from kenning_lego.core.terminals import text_width

_YAML = frozenset({".yaml", ".yml"})

C = TypeVar("C", bound=Component)


class HelpShown(SystemExit):
    """The help was asked for and shown.

    Args:
        interface: of the command.
    """

    def __init__(self, interface: Interface) -> None:
        super().__init__(0)
        self.interface = interface


def parse_configuration(
    model: type[C],
    arguments: Sequence[str],
    *,
    program: str,
    description: str,
    file: str | None = None,
    positional: str | None = None,
    beside: Collection[str] = (),
    common: Sequence[str] = (),
    example: str = "",
) -> C:
    """Read a component's configuration from the command line.

    Args:
        model: the component's configuration.
        arguments: of the command line.
        program: name of the command, for the help text.
        description: what the command does.
        file: if given, an optional positional argument names a YAML file; this is its help. With
            `positional` too, a first argument that ends in .yaml or .yml is the file.
        beside: keys of the file that are another command's, and left alone.
        positional: instead, a field whose value, or values, may also be given without its flag.
        common: flags that the help shows first, without their dashes, if all do not fit a screen.
        example: a command line, for the help.

    Raises:
        ConfigurationError: a flag or key is unknown, missing or has a wrong value.
        HelpShown: --help was asked for.
    """
    flags = flags_of(model, _of_others(model, arguments) if file else None)
    _show_help(
        arguments,
        Interface(
            program,
            description,
            flags,
            {name: each.description or "" for name, each in model.model_fields.items()},
            file,
            positional,
            tuple(common),
            example,
        ),
    )
    if file and positional:
        named = any(Path(each).suffix in _YAML for each in arguments[:1])
        file, positional = (file, None) if named else (None, positional)
    parser = _parser(flags, program, file)
    several = any(flag.path == (positional,) and flag.shape == "list" for flag in flags)
    if positional:
        parser.add_argument(
            "bare",
            nargs="*" if several else "?",
            metavar=positional.upper(),
        )
    # Several values without a flag may stand before and after flags.
    parse = parser.parse_known_intermixed_args if several else parser.parse_known_args
    mappings = [flag.name for flag in flags if flag.shape == "mapping"]
    found, unknown = parse(list(_with_mappings(arguments, mappings)))
    if unknown:
        raise _unknown_flag(unknown[0], flags)
    given = {
        flag.path: value
        for flag in flags
        if (value := getattr(found, ".".join(flag.path))) is not None
    }
    if positional and found.bare:
        given[(positional,)] = found.bare
    source = getattr(found, "file", None)
    content = load_yaml(source) if source else {}
    values = {key: value for key, value in content.items() if key not in beside}
    # A `type` first: setting it may drop what stands beside it.
    for path, value in sorted(given.items(), key=lambda each: each[0][-1] != "type"):
        _set(values, path, value)
    for name in {path[0] for path in given}:
        _add_type(values, name, model.model_fields.get(name))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        location = tuple(str(part) for part in error.errors()[0]["loc"])
        from_flag = next((f for f in flags if f.path in given and _same(f.path, location)), None)
        where = from_flag.name if from_flag else str(source or program)
        raise explain(error, where) from error


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ConfigurationError: it cannot be read, or is not a YAML mapping.
    """
    import yaml  # only where a file is named: serving needs no YAML

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}", "check the path"
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or a 13th month
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        unreadable = "it is not text" if hasattr(error, "reason") else str(error)
        problem = getattr(error, "problem", None) or unreadable
        raise ConfigurationError(f"{path}{line} is not YAML: {problem}", "correct it") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no mapping", "write `key: value` lines")
    return content


def _of_others(model: type[Component], arguments: Sequence[str]) -> dict[str, type[Component]]:
    """Components of other packages that the arguments or their file name, by their field.

    Raises:
        ConfigurationError: one cannot be imported, or is none.
    """
    content = _content(arguments)
    found = {}
    for name, field in model.model_fields.items():
        given = content.get(name)
        kind = _value_of(f"--{name}.type", arguments) or (
            given.get("type") if isinstance(given, Mapping) else None
        )
        other = component_for(field, kind)
        if other is not None:
            found[name] = other
    return found


def _content(arguments: Sequence[str]) -> dict[str, Any]:
    """Of the scenario's file; what is wrong with it is told once everything else is known."""
    path = next((Path(each) for each in arguments if Path(each).suffix in _YAML), None)
    try:
        return load_yaml(path) if path else {}
    except ConfigurationError:
        return {}


def _value_of(flag: str, arguments: Sequence[str]) -> str | None:
    """What a flag is given last."""
    value = None
    for argument, after in zip_longest(arguments, arguments[1:]):
        if argument == flag:
            value = after
        elif argument.startswith(f"{flag}="):
            value = argument.removeprefix(f"{flag}=")
    return value


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(message, "--help lists the flags")


def _parser(flags: Sequence[Flag], program: str, file: str | None) -> _Parser:
    parser = _Parser(prog=program, allow_abbrev=False, add_help=False)
    if file:
        parser.add_argument("file", nargs="?", type=Path, metavar="SCENARIO.yaml")
    for flag in flags:
        options: dict[str, Any] = {"dest": ".".join(flag.path), "default": None}
        match flag.shape:
            case "switch":
                options["action"] = argparse.BooleanOptionalAction
            case "list":
                options["nargs"] = "*"
            case "mapping":
                options["action"] = _Entry
            case "components":
                options.update(nargs="*", type=_pairs)
            case _:
                pass
        parser.add_argument(flag.name, **options)
    return parser


def _show_help(arguments: Sequence[str], interface: Interface) -> None:
    """Show as much help as is asked for, if it is.

    Raises:
        HelpShown: it was.
        UnknownNameError: a group was asked for that is not there.
    """
    asked = [each for each in arguments if each in ASKED]
    if not asked:
        return
    output, width = current(), text_width(most=100)
    after = arguments[list(arguments).index(asked[0]) + 1 :]
    if output.mode.json:
        output.answer(interface.to_json())
    elif asked[0] == "--help-all":
        output.give(full_help(interface, width))
    elif after and not after[0].startswith("-"):
        output.give(group_help(interface, after[0], width))
    else:
        output.give(short_help(interface, width))
    raise HelpShown(interface)


class _Entry(argparse.Action):
    """Puts KEY=VALUE into the flag's mapping."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        key, separator, value = str(values).partition("=")
        if not separator or not key:
            parser.error(f"{option_string} {values} is not KEY=VALUE")
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), key: value})


def _with_mappings(arguments: Sequence[str], mappings: Sequence[str]) -> Iterator[str]:
    """The arguments, with ``--target.options.KEY VALUE`` as ``--target.options=KEY=VALUE``."""
    left = iter(arguments)
    for argument in left:
        flag = next((each for each in mappings if argument.startswith(f"{each}.")), None)
        if flag is None:
            yield argument
            continue
        key, separator, value = argument.removeprefix(f"{flag}.").partition("=")
        given = value if separator else next(left, None)
        if given is None or (not separator and given.startswith("--")):
            raise ConfigurationError(f"{argument} has no value", f"give one: {argument}=VALUE")
        yield f"{flag}={key}={given}"


def _pairs(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(separator for _, separator, _ in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not key=value,key=value")
    return {key.strip().replace("-", "_"): value.strip() for key, _, value in pairs}


def _set(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    *parents, last = path
    for part in parents:
        inner = values.get(part)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        values[part] = inner
        values = inner
    if last == "type" and values.get("type") not in (None, value):
        values.clear()  # another alternative: the file's parameters belong to the one it names
    before = values.get(last)
    if isinstance(value, Mapping) and isinstance(before, Mapping):
        value = {**before, **value}
    values[last] = value


def _add_type(values: dict[str, Any], name: str, field: FieldInfo | None) -> None:
    """Flags of a component whose type is not said are those of the default's."""
    value, default = values.get(name), field.default if field else None
    kind = getattr(default, "type", None)
    if isinstance(default, BaseModel) and kind and isinstance(value, dict) and "type" not in value:
        values[name] = {"type": kind, **value}


def _same(path: tuple[str, ...], location: tuple[str, ...]) -> bool:
    """Whether an error's location is this flag's; unions and lists put extra parts into it."""
    parts = iter(location)
    return path[:1] == location[:1] and all(part in parts for part in path)


def _unknown_flag(text: str, flags: Sequence[Flag]) -> ConfigurationError:
    name = text.split("=", 1)[0]
    if not name.startswith("-"):
        return ConfigurationError(f"unexpected argument {text!r}", "--help shows what is expected")
    near = difflib.get_close_matches(name, [flag.name for flag in flags], n=1)
    hint = f"did you mean {near[0]}?" if near else "--help lists the flags"
    return ConfigurationError(f"unknown flag {name}", hint)
