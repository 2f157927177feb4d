"""Reports in every format but HTML: text, data, figures and experiment trackers."""
