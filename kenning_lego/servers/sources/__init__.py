"""Where a deployment's frames come from: one module a kind."""
