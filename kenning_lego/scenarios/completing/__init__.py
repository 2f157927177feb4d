"""Completion scripts for shells, made from the verbs' own descriptions of what they take."""
