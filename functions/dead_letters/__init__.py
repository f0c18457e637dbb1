"""Dead-letter queues -> failed in the ledger, kept for redrive."""
