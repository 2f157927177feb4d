"""Fields told by their ``type`` that may also be what another installed package announces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.lookup import announced, find_callable
from kenning_lego.core.parameters import alternatives, is_model, type_name


def announced_component(group: str, name: str, path: str, base: type[Component]) -> type[Component]:
    """The class of an announced component; its module is imported.

    Args:
        group: of the entry points.
        name: of the component.
        path: what it names, package.module:Class.
        base: what it has to be derived from.

    Raises:
        ConfigurationError: it cannot be imported, is not derived from `base`, or has another
            ``type`` than its name.
    """
    found = find_callable(path)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigurationError(
            f"{path}, announced as {name!r} under {group}, is no class of "
            f"{base.__module__}.{base.__name__}",
            "derive it from that",
        )
    if type_name(found) != name:
        raise ConfigurationError(
            f"{path}, announced as {name!r} under {group}, has the type {type_name(found)!r}",
            "give its field `type` the announced name as its default",
        )
    return found


@dataclass(frozen=True, slots=True)
class Announced:
    """Annotates a union that is told by ``type``: other types are looked up by entry points.

    Ours go first, so that no package can take their names. Fields of another one are flags where
    its ``type`` is named.

    Args:
        group: of the entry points, each of which names a class by its ``type``.
        base: from which these classes are derived.
    """

    group: str
    base: type[Component]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate ours as before, and others by their own class."""
        own = [str(type_name(each)) for each in alternatives(source)]

        def validate(given: Any, ours: core_schema.ValidatorFunctionWrapHandler) -> Any:
            kind = given.get("type") if isinstance(given, Mapping) else type_of(given, self.base)
            if not isinstance(kind, str) or kind in own:
                return ours(given)
            if not isinstance(given, Mapping):
                return given
            others = announced(self.group)
            if kind not in others:
                raise ValueError(str(UnknownNameError("type", kind, [*own, *others])))
            model = announced_component(self.group, kind, others[kind], self.base)
            return model.model_validate(given)

        # Told by what it is, not by what ours are.
        return core_schema.no_info_wrap_validator_function(
            validate, handler(source), serialization=core_schema.simple_ser_schema("any")
        )


def type_of(given: object, base: type[Component]) -> str | None:
    """The type of a component that was made already; None for anything else."""
    return type_name(type(given)) if isinstance(given, base) else None


def component_for(field: FieldInfo, kind: object) -> type[Component] | None:
    """The class of another package that a field's ``type`` names.

    None for ours, for a field that takes no others, and for what nobody announces.

    Raises:
        ConfigurationError: it cannot be imported, or is no such component.
    """
    mark = next((each for each in field.metadata if isinstance(each, Announced)), None)
    own = [type_name(each) for each in alternatives(field.annotation) if is_model(each)]
    if mark is None or not isinstance(kind, str) or kind in own:
        return None
    path = announced(mark.group).get(kind)
    return None if path is None else announced_component(mark.group, kind, path, mark.base)
