"""The rim: what the core wants, done with AWS. The only modules that say boto3."""
