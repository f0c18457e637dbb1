"""Clock -> numbers -> sockets, and what the stream left behind."""
