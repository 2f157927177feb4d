"""Following bounds and load while pipelines run: estimates of load, and when to switch to what."""
