"""Ledger stream -> job counts -> sockets."""
