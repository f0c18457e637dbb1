"""How the pipeline grows: what an upload takes, which limit is met first, and the month's bill. Without AWS."""
