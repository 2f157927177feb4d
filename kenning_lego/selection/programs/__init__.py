"""Choices that a front cannot express, as integer programs in whole units."""
