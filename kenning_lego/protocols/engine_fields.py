"""How artifacts are to be loaded, as msgpack values: engines, their options, threads, batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kenning_lego.core.engines import MAX_ENGINES, Engine, Loading, Options
from kenning_lego.protocols.fields import Fields

MAX_OPTIONS = 32
"""Of one engine."""
MAX_NAME = 64
"""Characters of an engine's or an option's name."""


def pack_loading(loading: Loading) -> dict[str, Any]:
    """The engines of a request, and what they may use."""
    body: dict[str, Any] = {
        "runtime": loading.runtime,
        "threads": loading.threads,
        "batch": loading.batch,
    }
    if loading.options:
        body["options"] = _pack_options(loading.options)
    if loading.engines:
        body["engines"] = [
            {"runtime": each.runtime, "options": _pack_options(each.options)}
            for each in loading.engines
        ]
    return body


def read_options(fields: Fields) -> Options:
    """The options of a request's own engine, if there are any.

    Their names and what they mean are checked by the engine's own module, where it is loaded.

    Raises:
        ProtocolError: they are too many, or no plain values.
    """
    return _options(fields.map("options")) if fields.has("options") else {}


def read_engines(fields: Fields) -> tuple[Engine, ...]:
    """The further engines of a request, if there are any.

    Raises:
        ProtocolError: they are too many, or something about one is out of bounds.
    """
    return tuple(map(_engine, fields.maps("engines", MAX_ENGINES))) if fields.has("engines") else ()


def _engine(fields: Fields) -> Engine:
    engine = Engine(fields.text("runtime", MAX_NAME), _options(fields.map("options")))
    fields.done()
    return engine


def _options(fields: Fields) -> Options:
    names = fields.names_left(MAX_OPTIONS)
    if any(len(name) > MAX_NAME for name in names):
        fields.refuse(f"an option's name of more than {MAX_NAME} characters")
    return {name: fields.option(name) for name in names}


def _pack_options(options: Options) -> Mapping[str, Any]:
    return {k: v if isinstance(v, bool | str) else list(v) for k, v in options.items()}
