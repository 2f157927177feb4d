"""From a source's settings to the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.frame_sources import (
    CameraFrames,
    FrameSource,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.specs import TensorSpec
from kenning_lego.servers.sources.base import Source
from kenning_lego.servers.sources.captures import open_camera, open_video
from kenning_lego.servers.sources.noise import NoiseSource
from kenning_lego.servers.sources.null import NullSource
from kenning_lego.servers.sources.stored import StoredSource
from kenning_lego.store.artifacts import ArtifactStore


def open_source(
    settings: FrameSource,
    inputs: Sequence[TensorSpec],
    store: ArtifactStore,
    videos: Mapping[str, Path],
    frames_before: int = 0,
) -> Source:
    """Open a source of frames for a pipeline's inputs.

    Args:
        settings: which source.
        inputs: of the pipeline, in order.
        store: of the artifacts.
        videos: that the server was given names for.
        frames_before: frames that an earlier worker took from it, of which stored and random ones
            are not given again.

    Raises:
        KenningLegoError: there is no such source, or its frames do not fit the inputs.
    """
    match settings:
        case NullFrames():
            return NullSource()
        case RandomFrames(seed):
            return NoiseSource(seed, frames_before)
        case StoredFrames(digest, repeat):
            return StoredSource(store, digest, inputs, frames_before, repeat=repeat)
        case VideoFrames(name):
            path = videos.get(name)
            if path is None:
                remedy = "name videos when the server is started: serve --video NAME=PATH"
                raise UnknownNameError("video", name, videos, remedy)
            return open_video(settings, path, inputs)
        case CameraFrames():
            return open_camera(settings, inputs)
