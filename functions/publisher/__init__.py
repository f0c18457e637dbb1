"""The web app's files -> its bucket, at every deployment."""
