"""S3 event -> job in the ledger -> one message per task."""
