"""The baseline scenario: a network on the host, to compare a target with."""
