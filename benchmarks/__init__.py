"""Benchmarks: ``make bench NAME=x`` runs ``benchmarks/x.py`` and writes ``build/bench/x.json``."""
