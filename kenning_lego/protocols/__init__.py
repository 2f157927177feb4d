"""Messages, their codec, the session's state machine, the transport and the client."""
