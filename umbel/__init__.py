"""Set-up, life cycle and command line of Umbel."""
