"""The target's side: event loop, isolated workers, measurement plans, live pipelines."""
