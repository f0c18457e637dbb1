"""Fan-out queue -> sockets."""
