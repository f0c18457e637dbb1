"""What several ops on pictures share: the geometry of resizing, gravity, backgrounds and small summaries."""
