"""Authorize HTTP and WebSocket requests by their bearer token."""
