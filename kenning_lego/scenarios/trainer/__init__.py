"""The training scenario: its configuration and its steps in order."""
