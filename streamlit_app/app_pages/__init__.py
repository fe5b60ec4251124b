"""One file per page: lays out what reads/ loads and charts/ draws, and computes nothing."""
