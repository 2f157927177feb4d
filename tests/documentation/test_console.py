"""How what a page prints is compared with what its commands print."""

from __future__ import annotations

import pytest

from tests.documentation.console import fences, missing

PAGE = """
```console title="terminal 1"
$ first --flag
one 1
$ second
```

```yaml title="file.yaml"
key: value
```
"""


def test_commands_and_files_of_a_page_are_found() -> None:
    console, file = fences(PAGE)
    first, second = console.commands()
    assert (console.title, first.text, first.output) == ("terminal 1", "first --flag", ("one 1",))
    assert (second.text, second.output) == ("second", ())
    assert (file.language, file.title, file.text) == ("yaml", "file.yaml", "key: value\n")


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ([], ""),
        (["a 1.5 ms"], "a   27 ms\n"),
        (["...", "b"], "a\n\na\nb\n"),
        (["a", "..."], "a\nb\n"),
        (["run .../x is +1,000"], "run w/2f/x is -3\n"),
        (["a", "b"], "a\n\nb"),
        (["..."], ""),
    ],
)
def test_figures_and_what_is_left_out_may_differ(expected: list[str], printed: str) -> None:
    assert missing(expected, printed) is None


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        (["a"], ""),
        ([], "a"),
        (["a"], "a\nb"),
        (["a", "b"], "a\nx\nb"),
        (["...", "b"], "b c"),
        (["a 1"], "a one"),
        (["b", "...", "a"], "a\nb"),
    ],
)
def test_other_words_lines_and_orders_are_seen(expected: list[str], printed: str) -> None:
    assert missing(expected, printed) is not None
