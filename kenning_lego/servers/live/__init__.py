"""Running pipelines: configurations that change between two frames, within a memory budget."""
