"""A seeded plant that can be asked for its past, its present and its truth: same seed, same machine, same instant, same data."""
