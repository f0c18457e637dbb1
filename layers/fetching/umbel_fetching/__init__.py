"""Fetches web pages for callers that are not trusted: IP addresses, time and sizes are limited."""
