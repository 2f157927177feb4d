"""What pipelines did on a target, as figures, drawings and a page."""
