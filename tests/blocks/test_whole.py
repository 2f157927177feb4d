from __future__ import annotations

import torch

from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.blocks.whole import WholeNetwork
from tests.networks import tiny_resnet


def test_a_chain_in_one_piece_computes_what_the_chain_computes() -> None:
    torch.manual_seed(0)
    model = tiny_resnet().eval()
    chain = extract(model, torch.zeros(1, 1, 8, 8), count=2)
    variants = make_variants(chain, (0.0, 0.5))
    image = torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(WholeNetwork(chain)(image), model(image))
        pruned = {n: v[1].module for n, v in variants.items() if chain[n].scalable}
        changed = chain.replace(pruned)
        assert torch.equal(WholeNetwork(changed)(image), changed.run(image)[0])
