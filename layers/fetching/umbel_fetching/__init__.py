"""Fetching from the web for callers whom nobody trusts: addresses, time, sizes and titles, each kept within bounds."""
