"""Testing the server on the machine where it will serve, with what a target has installed."""
