"""Types, errors and plugin lookup shared by every room; imports nothing of ours."""
