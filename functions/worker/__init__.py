"""An op's lane -> its result in S3 -> its outcome in the ledger."""
