"""The tester scenario: its configuration and its steps in order."""
