"""The whole offline stage on ResNet-18 for CIFAR-100, in a process whose peak memory is printed.

``python -m benchmarks.blocks_memory WORKSPACE IMAGES`` prints bytes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.trained import training_images
from kenning_lego.blocks.configuration import ProfileConfig, RetrainConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.blocks.workshop import profile_once, retrain_once
from kenning_lego.metrics.classification import TOP1
from kenning_lego.models.lookup import load_model
from kenning_lego.store.workspace import Workspace

_RATIOS = (0.0, 0.3, 0.6, 0.8)
_VALIDATION = 128
_LIMIT_MB = 1200


def main(workspace: Path, count: int) -> int:
    """Cut, prune, retrain and profile; the process's peak memory in bytes."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = training_images(count + _VALIDATION)
    training, validation = images[:count], images[count:]
    chain = extract(load_model("resnet18-cifar100"), torch.zeros(1, 3, 32, 32), count=8)
    variants = make_variants(chain, _RATIOS)
    own = Workspace(workspace / "memory")
    config = RetrainConfig(epochs=1, batch_size=128, max_memory_mb=_LIMIT_MB, checkpoint_s=1)
    retrain_once(chain, variants, training, validation, config, own)
    labels = np.arange(_VALIDATION) % 100
    profile_once(chain, variants, validation, labels, TOP1, ProfileConfig(), own)
    # Not getrusage, whose figure begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2])))
