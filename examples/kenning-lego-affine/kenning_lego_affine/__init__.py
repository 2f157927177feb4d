"""A plugin for kenning-lego: an engine for small dense networks, and all that goes with it."""
