"""What two or more functions must agree on: ops, messages, ids, the ledger."""
