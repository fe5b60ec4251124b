"""Orchestration: which tables exist, what each is made from, when it is made, and whether it is fresh."""
