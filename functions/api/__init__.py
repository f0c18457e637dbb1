"""HTTP -> uploads bucket and ledger."""
