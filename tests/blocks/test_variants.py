from __future__ import annotations

import pytest
from pydantic import ValidationError

from kenning_lego.blocks.configuration import BlocksConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.core.errors import ConfigurationError
from tests.blocks import networks
from tests.blocks.test_extract import IMAGE, make


def test_blocks_get_a_variant_for_each_ratio_and_fixed_segments_the_original_only() -> None:
    chain = extract(make(networks.TinyResNet), *IMAGE)
    variants = make_variants(chain, [0.4, 0.0, 0.8])
    assert list(variants) == [each.name for each in chain]
    assert [each.name for each in variants["stem"]] == ["stem@original"]
    assert [each.name for each in variants["layer2.0"]] == [
        "layer2.0@original",
        "layer2.0@pruned-0.40",
        "layer2.0@pruned-0.80",
    ]
    for segment in chain:
        original, *pruned = variants[segment.name]
        assert original.module is segment.module
        assert (original.ratio, original.ratio_reached) == (0.0, 0.0)
        for each in pruned:
            assert each.flops < original.flops
            assert each.parameters < original.parameters
    assert str(variants["layer1.0"][1]).startswith("layer1.0@pruned-0.40: ")


def test_the_configuration_sorts_its_ratios() -> None:
    assert BlocksConfig(ratios=(0.5, 0.0)).ratios == (0.0, 0.5)
    assert BlocksConfig().ratios[0] == 0.0
    assert BlocksConfig.model_validate({"ratios": [0.0, 0.3]}).ratios == (0.0, 0.3)


@pytest.mark.parametrize("ratios", [(), (0.5,), (0.0, 1.0), (0.0, -0.1), (0.0, 0.401, 0.402)])
def test_bad_ratios_are_refused(ratios: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="ratio"):
        BlocksConfig(ratios=ratios)
    chain = extract(make(networks.PlainCnn), *IMAGE)
    with pytest.raises(ConfigurationError, match="ratios"):
        make_variants(chain, ratios)


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="count"):
        BlocksConfig(count=0)
