"""Strict reading of a message's body: every field has a type and bounds, none is left over."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from reprlib import repr as brief
from typing import Any, NoReturn, TypeVar

from kenning_lego.core.engines import is_stage
from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec

MAX_TEXT = 4096
MAX_ITEMS = 65_536
MAX_TENSORS = 64
_MAX_CHOICE = 256
"""Characters of an option's text."""
_MAX_NUMBERS = 4096
"""Of one option."""
_MAX_NUMBER = 2**31
_MAX_SCALE = 1e38
"""Of a quantised tensor: the largest float32, roughly."""
_Word = TypeVar("_Word", bound=str)
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Fields:
    """The fields of one decoded map; each is taken once, by name.

    Args:
        body: what was decoded.
        where: names the map in errors.

    Raises:
        ProtocolError: the body is not a map; likewise every method, for a field that is
            missing or out of bounds.
    """

    def __init__(self, body: object, where: str) -> None:
        if not isinstance(body, dict):
            raise ProtocolError(f"{where} is not a map")
        self._left: dict[Any, Any] = dict(body)
        self._where = where

    def _take(self, name: str) -> Any:
        try:
            return self._left.pop(name)
        except KeyError:
            raise ProtocolError(f"{self._where} lacks {name!r}") from None

    def _refuse(self, name: str, expected: str) -> ProtocolError:
        return ProtocolError(f"{self._where}: {name!r} is not {expected}")

    def done(self) -> None:
        """Refuse fields that nobody took."""
        if self._left:
            raise ProtocolError(f"{self._where} has unknown field {brief(next(iter(self._left)))}")

    def rest(self) -> dict[Any, Any]:
        """All fields that nobody has taken, unchecked."""
        rest, self._left = self._left, {}
        return rest

    def refuse(self, problem: str) -> NoReturn:
        """Refuse the map as a whole.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError(f"{self._where}: {problem}")

    def has(self, name: str) -> bool:
        """Whether an optional field is there."""
        return name in self._left

    def is_null(self, name: str) -> bool:
        """Whether the field is there and says nothing, which takes it."""
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return True
        return False

    def names_left(self, most: int = MAX_ITEMS) -> tuple[str, ...]:
        """The names of all fields that nobody has taken, where they are not known before."""
        if len(self._left) > most or not all(isinstance(name, str) for name in self._left):
            self.refuse(f"not a map of at most {most} texts")
        return tuple(self._left)

    def text(self, name: str, longest: int = MAX_TEXT) -> str:
        """A string of at most `longest` characters."""
        value = self._take(name)
        if not isinstance(value, str) or len(value) > longest:
            raise self._refuse(name, f"text of at most {longest} characters")
        return value

    def word(self, name: str, words: Sequence[_Word]) -> _Word:
        """One of the words that there are."""
        text = self.text(name)
        word = next((each for each in words if each == text), None)
        if word is None:
            self.refuse(f"{name} {brief(text)} is none of {', '.join(words)}")
        return word

    def digest(self, name: str) -> str:
        """A sha256 in lower-case hexadecimal digits."""
        value = self._take(name)
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            raise self._refuse(name, "a sha256")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """An integer between `low` and `high`."""
        value = self._take(name)
        if type(value) is not int or not low <= value <= high:
            raise self._refuse(name, f"an integer from {low} to {high}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """A finite number between `low` and `high`."""
        value = self._take(name)
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise self._refuse(name, f"a number from {low} to {high}")
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._refuse(name, "true or false")
        return value

    def items(self, name: str, most: int = MAX_ITEMS) -> list[Any]:
        """An array of at most `most` entries."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self._refuse(name, f"an array of at most {most} entries")
        return value

    def maps(self, name: str, most: int = MAX_ITEMS) -> Iterator[Fields]:
        """The maps in an array of at most `most`."""
        for index, each in enumerate(self.items(name, most)):
            yield Fields(each, f"{self._where}.{name}[{index}]")

    def map(self, name: str) -> Fields:
        """A map within the map."""
        return Fields(self._take(name), f"{self._where}.{name}")

    def stages(self, name: str, most: int, *, or_empty: bool = False) -> tuple[str, ...]:
        """One to `most` stages (:mod:`kenning_lego.core.engines`), or none."""
        values = self.items(name, most)
        fine = all(isinstance(value, str) and is_stage(value) for value in values)
        if not fine or not (values or or_empty):
            raise self._refuse(
                name, f"{'an' if or_empty else 'a non-empty'} array of sha256, or sha256:engine"
            )
        return tuple(values)

    def digest_map(self, name: str, most: int) -> dict[str, str]:
        """A map of at most `most` names to sha256."""
        texts = self.texts(name)
        if len(texts) > most or not all(_DIGEST.fullmatch(value) for value in texts.values()):
            raise self._refuse(name, f"a map of at most {most} names to sha256")
        return texts

    def integers(self, name: str, low: int, high: int, most: int) -> tuple[int, ...]:
        """At most `most` integers between `low` and `high`."""
        values = self.items(name, most)
        if not all(type(value) is int and low <= value <= high for value in values):
            raise self._refuse(name, f"an array of integers from {low} to {high}")
        return tuple(values)

    def floats(self, name: str, low: float, high: float, most: int) -> tuple[float, ...]:
        """At most `most` finite numbers between `low` and `high`."""
        values = self.items(name, most)
        # A comparison with NaN is false.
        if not all(type(value) in (int, float) and low <= value <= high for value in values):
            raise self._refuse(name, f"an array of numbers from {low} to {high}")
        return tuple(map(float, values))

    def option(self, name: str) -> bool | str | tuple[int, ...]:
        """True or false, a short text, or an array of integers."""
        value = self._take(name)
        if isinstance(value, list) and len(value) <= _MAX_NUMBERS:
            if all(type(each) is int and abs(each) <= _MAX_NUMBER for each in value):
                return tuple(value)
        elif isinstance(value, bool) or (isinstance(value, str) and len(value) <= _MAX_CHOICE):
            return value
        raise self._refuse(name, "true or false, a short text, or an array of integers")

    def names(self, name: str, most: int, longest: int = 64) -> tuple[str, ...]:
        """At most `most` strings of at most `longest` characters."""
        values = self.items(name, most)
        if not all(isinstance(value, str) and len(value) <= longest for value in values):
            raise self._refuse(name, "an array of short texts")
        return tuple(values)

    def versions(self, name: str) -> tuple[int, ...]:
        """One to 16 version numbers from 1 to 255."""
        values = self.items(name, 16)
        if not values or not all(type(value) is int and 1 <= value <= 255 for value in values):
            raise self._refuse(name, "a non-empty array of version numbers")
        return tuple(values)

    def facts(self, name: str) -> dict[str, str | int | float]:
        """A flat map from text to text or finite numbers."""
        value = self._take(name)
        if not isinstance(value, dict) or len(value) > MAX_ITEMS:
            raise self._refuse(name, "a map")
        for key, fact in value.items():
            fine = isinstance(key, str) and len(key) <= MAX_TEXT
            if isinstance(fact, str):
                fine = fine and len(fact) <= MAX_TEXT
            else:
                fine = fine and type(fact) in (int, float) and math.isfinite(fact)
            if not fine:
                raise self._refuse(name, "a map of text to text or numbers")
        return dict(value)

    def numbers(self, name: str, most: int) -> dict[str, float]:
        """A flat map from text to at most `most` finite numbers."""
        facts = self.facts(name)
        numbers = {key: float(fact) for key, fact in facts.items() if not isinstance(fact, str)}
        if len(numbers) != len(facts) or len(facts) > most:
            raise self._refuse(name, f"a map of text to at most {most} numbers")
        return numbers

    def texts(self, name: str) -> dict[str, str]:
        """A flat map from text to text."""
        facts = self.facts(name)
        texts = {key: fact for key, fact in facts.items() if isinstance(fact, str)}
        if len(texts) != len(facts):
            raise self._refuse(name, "a map of text to text")
        return texts

    def io_spec(self, name: str) -> IOSpec:
        """A model's inputs and outputs."""
        spec = self.map(name)
        value = IOSpec(spec._tensors("inputs"), spec._tensors("outputs"))
        spec.done()
        return value

    def _tensors(self, name: str) -> tuple[TensorSpec, ...]:
        return tuple(_tensor(each) for each in self.maps(name, MAX_TENSORS))


def _tensor(fields: Fields) -> TensorSpec:
    quantisation = None
    if fields.has("scale"):
        quantisation = Quantisation(
            fields.number("scale", 0.0, _MAX_SCALE),
            fields.integer("zero_point", -(2**31), 2**32 - 1),
        )
    spec = TensorSpec(
        fields.text("name", 256),
        tuple(fields.items("shape", 16)),
        fields.text("dtype", 16),
        quantisation,
    )
    fields.done()
    return spec


def pack_io_spec(spec: IOSpec) -> dict[str, Any]:
    """The form in which :meth:`Fields.io_spec` reads a specification."""
    return {
        "inputs": [_pack_tensor(each) for each in spec.inputs],
        "outputs": [_pack_tensor(each) for each in spec.outputs],
    }


def _pack_tensor(spec: TensorSpec) -> Mapping[str, Any]:
    body: dict[str, Any] = {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}
    if spec.quantisation:
        body["scale"] = spec.quantisation.scale
        body["zero_point"] = spec.quantisation.zero_point
    return body
