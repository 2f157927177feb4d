"""The report of load tests."""
