"""Browser and CLI -> subscriptions, snapshots."""
