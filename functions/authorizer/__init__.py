"""Bearer token -> who may call what, for HTTP and WebSocket alike."""
