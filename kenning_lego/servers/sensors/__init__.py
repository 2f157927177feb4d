"""Sensors of the target: small plugins, one module a kind."""
