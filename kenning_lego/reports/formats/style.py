"""The part of the page's style sheet that a drawing needs when it leaves the page.

Read is what our own style sheet is written in: rules of plain selectors, variables of ``:root``,
``light-dark()``, of which the first colour is taken, and at-rules, whose rules are left out. See
"CSS Syntax Module Level 3", "CSS Custom Properties for Cascading Variables Module Level 1" and "CSS
Color Module Level 5" (W3C).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_VARIABLE = re.compile(r"var\(\s*--([\w-]+)\s*\)")
_LIGHT = re.compile(r"light-dark\(\s*([^(),]+?)\s*,\s*[^(),]+?\s*\)")
_COMPOUND = re.compile(r"([a-zA-Z]*)((?:\.[\w-]+)*)")
_FONT = re.compile(r"\bfont:\s*([\d.]+px)(?:/[\d.]+)?\s+([^;]+)")


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """Rules outside of at-rules.

    Args:
        variables: of ``:root``, without their dashes: the light ones.
        rules: selectors and declarations, in order.
    """

    variables: Mapping[str, str]
    rules: tuple[tuple[tuple[str, ...], str], ...]

    @classmethod
    def parsed(cls, source: str) -> StyleSheet:
        """Read a style sheet."""
        rules = tuple(_rules(_COMMENT.sub("", source)))
        variables: dict[str, str] = {}
        for selectors, declarations in rules:
            if ":root" in selectors:
                for declaration in declarations.split(";"):
                    name, _, value = declaration.strip().partition(":")
                    if name.startswith("--"):
                        variables.setdefault(name[2:], _LIGHT.sub(r"\1", value.strip()))
        return cls(variables, rules)

    def rules_for(self, drawing: str) -> str:
        """The rules whose tags and classes all occur in a drawing, with plain values."""
        tags = set(re.findall(r"<([A-Za-z]+)", drawing))
        classes = {
            name for value in re.findall(r'class="([^"]*)"', drawing) for name in value.split()
        }
        kept = []
        for selectors, declarations in self.rules:
            meant = [each for each in selectors if _occurs(each, tags, classes)]
            if meant:
                kept.append(f"{','.join(meant)}{{{self._plain(declarations)}}}")
        return "".join(kept)

    def _plain(self, declarations: str) -> str:
        valued = _VARIABLE.sub(lambda found: self.variables.get(found[1], "#000000"), declarations)
        valued = _LIGHT.sub(r"\1", valued)
        # Not every program knows the shorthand; `"` ends no attribute here.
        spread = _FONT.sub(r"font-size: \1; font-family: \2", valued)
        return re.sub(r"\s+", " ", spread).strip()


def _rules(source: str) -> Iterator[tuple[tuple[str, ...], str]]:
    place = 0
    while (opening := source.find("{", place)) >= 0:
        prelude = source[place:opening].strip()
        closing = _closing(source, opening)
        if not prelude.startswith("@"):
            selectors = tuple(each.strip() for each in prelude.split(","))
            yield selectors, source[opening + 1 : closing].strip()
        place = closing + 1


def _closing(source: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(source)):
        depth += {"{": 1, "}": -1}.get(source[place], 0)
        if depth == 0:
            return place
    return len(source)


def _occurs(selector: str, tags: set[str], classes: set[str]) -> bool:
    """Whether a selector is one of tags and classes in the drawing, and not of it as a whole."""
    if selector == "svg":
        return False
    for compound in re.split(r"[\s>]+", selector):
        found = _COMPOUND.fullmatch(compound)
        if not found or not compound:
            return False
        tag, named = found[1], found[2].split(".")[1:]
        if (tag and tag not in tags) or not classes.issuperset(named):
            return False
    return True
