"""TFLite files on LiteRT, where that or its predecessor is installed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.core.specs import Quantisation
from kenning_lego.runtimes.base import Arrays, Runtime, allocate
from kenning_lego.runtimes.lookup import installed_engines, make_runtime
from kenning_lego.runtimes.offers import Delegate, Offers
from kenning_lego.runtimes.options import LiteRtOptions
from tests.runtimes.tflite_files import INT8, product, quantised

pytestmark = pytest.mark.skipif(
    "litert" not in installed_engines(), reason="needs ai-edge-litert or tflite-runtime"
)

MEANINGS = (quantised(0.5, 3), quantised(1, 0), quantised(0.5, -2))


def run(runtime: Runtime, content: bytes, batch: int, rows: Sequence[Sequence[float]]) -> Arrays:
    program = runtime.load(content, batch)
    arrays = allocate(program.spec)
    call = program.bind(arrays)
    arrays[program.spec.inputs[0].name][...] = rows
    call()
    return arrays


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("delegate", ["xnnpack", "none"])
def test_batch_is_resized_and_arrays_are_read_and_written(batch: int, delegate: str) -> None:
    runtime = make_runtime("litert", 1, LiteRtOptions(delegate=delegate))
    program = runtime.load(product(), batch)
    assert [each.sizes for each in program.spec] == [(batch, 4)] * 2
    arrays = allocate(program.spec)
    call = program.bind(arrays)
    for value in (1, -2):
        arrays["x"][...] = value
        call()
        assert arrays["y"].tolist() == [[value, 2 * value, 3 * value, 4 * value]] * batch
    used = runtime.used()
    assert (used["engine"], used["delegate"], used["threads"]) == ("litert", delegate, 1)
    assert (used["nodes"], used["fallback_nodes"]) == (1, 0 if delegate == "xnnpack" else 1)


def test_two_programs_of_one_file_keep_apart() -> None:
    runtime = make_runtime("litert", 1)
    first, second = (runtime.load(product(), 1) for _ in range(2))
    mine, yours = allocate(first.spec), allocate(second.spec)
    calls = first.bind(mine), second.bind(yours)
    mine["x"][...], yours["x"][...] = 1, 10
    for call in calls:
        call()
    assert (mine["y"][0, 3], yours["y"][0, 3]) == (4, 40)


def test_signature_names_the_tensors() -> None:
    program = make_runtime("litert", 1).load(product(names=("image", "scores")), 1)
    assert [each.name for each in program.spec] == ["image", "scores"]


def test_fixed_batch_stays() -> None:
    program = make_runtime("litert", 1).load(product(batch=2), 8)
    assert program.spec.inputs[0].sizes == (2, 4)


def test_spec_tells_what_integers_mean() -> None:
    content = product(dtype=INT8, meanings=MEANINGS)
    program = make_runtime("litert", 1).load(content, 1)
    (x,), (y,) = program.spec.inputs, program.spec.outputs
    assert (x.dtype, x.quantisation) == ("int8", Quantisation(0.5, 3))
    assert (y.dtype, y.quantisation) == ("int8", Quantisation(0.5, -2))
    arrays = run(make_runtime("litert", 1), content, 1, [[3, 5, 7, 9]])
    assert arrays["y"].tolist() == [[-2, 2, 10, 22]]


def test_target_converts_where_that_is_asked_for() -> None:
    content = product(dtype=INT8, meanings=MEANINGS)
    runtime = make_runtime("litert", 1, LiteRtOptions(float_io=True))
    arrays = run(runtime, content, 1, [[0, 1, 2, 3]])
    assert arrays["y"].dtype == np.float32
    assert arrays["y"].tolist() == [[0, 2, 6, 12]]
    assert runtime.used()["io"] == "float32"


def test_delegate_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    offers = Offers({"edgetpu": Delegate(str(tmp_path / "libedgetpu.so.1"))})
    with pytest.raises(ConfigurationError, match=r"'edgetpu'.*cannot be loaded"):
        make_runtime("litert", 1, LiteRtOptions(delegate="edgetpu"), offers)


def test_library_that_is_no_delegate_is_an_error() -> None:
    offers = Offers({"libc": Delegate("libc.so.6")})
    with pytest.raises(ConfigurationError, match=r"'libc'.*cannot be loaded: it has no function"):
        make_runtime("litert", 1, LiteRtOptions(delegate="libc"), offers)


_IDLE_DELEGATE = """
#include <stdlib.h>
static int prepare(void* context, void* delegate) { return 0; }
void* tflite_plugin_create_delegate(char** keys, char** values, size_t count, void* report) {
  void** delegate = calloc(16, sizeof(void*));
  delegate[1] = (void*)prepare;
  return delegate;
}
void tflite_plugin_destroy_delegate(void* delegate) { free(delegate); }
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_delegate_that_runs_nothing_is_no_silent_run_on_the_cpu(tmp_path: Path) -> None:
    (tmp_path / "idle.c").write_text(_IDLE_DELEGATE)
    library = tmp_path / "libidle.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "idle.c"], check=True)
    offers = Offers({"idle": Delegate(str(library))})
    runtime = make_runtime("litert", 1, LiteRtOptions(delegate="idle"), offers)
    with pytest.raises(ModelError, match="'idle' runs 0 of the artifact's 1 operators"):
        runtime.load(product(), 1)


def test_operator_that_the_engine_lacks_is_an_error() -> None:
    with pytest.raises(ModelError, match="cannot load the artifact"):
        make_runtime("litert", 1).load(product(operator=5000), 1)


def test_names_that_are_no_text_are_refused() -> None:
    content = product(names=("image", "scores")).replace(b"image", b"ima\xffe")
    with pytest.raises(ModelError, match="cannot load the artifact"):
        make_runtime("litert", 1).load(content, 1)


_LOAD_ALL = """
import sys
from pathlib import Path
from kenning_lego.core.errors import ModelError
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
runtime = make_runtime("litert", 1)
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        program = runtime.load(path.read_bytes(), 1)
        program.bind(allocate(program.spec))
    except ModelError:
        pass
print("all loaded or refused")
"""


def test_damaged_files_are_refused_and_no_more(tmp_path: Path) -> None:
    whole = product(dtype=INT8, meanings=MEANINGS, names=("image", "scores"))
    rng = random.Random(0)
    for number in range(300):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        (tmp_path / f"{number:03}").write_bytes(content[: rng.choice([None, rng.randrange(400)])])
    done = subprocess.run(
        [sys.executable, "-c", _LOAD_ALL, tmp_path], capture_output=True, text=True, timeout=120
    )
    # tflite-runtime divides by zero in some operators, and ends its process.
    if make_runtime("litert", 1).used()["package"] == "ai-edge-litert":
        assert (done.returncode, done.stdout) == (0, "all loaded or refused\n"), done.stderr[-500:]
