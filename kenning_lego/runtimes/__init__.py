"""One module per engine: load an artifact, bind its tensors, run."""
