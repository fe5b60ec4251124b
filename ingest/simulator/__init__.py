"""A seeded plant that knows its past, present and truth: same seed, same machine, same instant, same data."""
