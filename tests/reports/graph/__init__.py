"""Tests of drawings of networks."""
