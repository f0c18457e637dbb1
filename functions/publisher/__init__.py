"""The web app's files -> its bucket, at every deployment; what the deployment changed -> the ledger."""
