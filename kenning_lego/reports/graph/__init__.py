"""The network drawn as a graph: which segments follow which, and where the time goes."""
