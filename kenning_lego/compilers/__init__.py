"""One module per target format: module in, artifact out."""
