"""HTTP -> front-door bucket and ledger."""
