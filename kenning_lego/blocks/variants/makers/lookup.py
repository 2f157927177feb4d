"""Find makers of variants by short name, entry point or dotted path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from kenning_lego.blocks.configuration import BlocksConfig
from kenning_lego.blocks.variants.makers.base import VariantMaker
from kenning_lego.blocks.variants.makers.depth import DepthMaker
from kenning_lego.blocks.variants.makers.low_rank import LowRankMaker
from kenning_lego.blocks.variants.makers.pruned import PrunedMaker
from kenning_lego.core.errors import ConfigurationError, UnknownNameError

GROUP = "kenning_lego.variants"
"""Entry points of this group name a callable without arguments that returns a maker."""

_MAKERS: Mapping[str, Callable[[BlocksConfig], VariantMaker]] = {
    "pruned": lambda config: PrunedMaker(config.pruned),
    "low_rank": lambda config: LowRankMaker(config.low_rank),
    "depth": lambda _: DepthMaker(),
}


def find_makers(config: BlocksConfig) -> tuple[VariantMaker, ...]:
    """The makers that the configuration names, in its order.

    Args:
        config: each of its ``variants`` is a name of ours, an entry point of :data:`GROUP`, or
            ``package.module:callable``. Modules are imported and callables called: name only
            what you trust.

    Raises:
        UnknownNameError: there is no such maker.
        ConfigurationError: a maker cannot be imported, or is none.
    """
    return tuple(_find(name, config) for name in config.variants)


def _find(name: str, config: BlocksConfig) -> VariantMaker:
    if name in _MAKERS:
        return _MAKERS[name](config)
    plugins = {each.name: each for each in entry_points(group=GROUP)}
    if name in plugins:
        return _load(plugins[name])
    if ":" in name:
        return _load(EntryPoint(name, name, GROUP))
    raise UnknownNameError(
        "maker of variants",
        name,
        [*_MAKERS, *plugins],
        "or name one of your own as package.module:callable",
    )


def _load(plugin: EntryPoint) -> VariantMaker:
    try:
        maker = plugin.load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"the maker of variants {plugin.name!r} cannot be made: {error}",
            "name a callable without arguments that returns a maker",
        ) from error
    missing = [each for each in ("kind", "wants_data", "make") if not hasattr(maker, each)]
    if missing:
        raise ConfigurationError(
            f"{plugin.value} returned no maker of variants: it has no {missing[0]!r}",
            "see kenning_lego.blocks.variants.makers.base.VariantMaker",
        )
    return maker  # type: ignore[no-any-return]
