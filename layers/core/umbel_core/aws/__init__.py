"""The AWS adapters of the core's interfaces. No other module of the core or the functions uses boto3."""
