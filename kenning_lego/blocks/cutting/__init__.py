"""From a graph to a chain of segments, some of them blocks."""
