"""Instances of assets, checks, jobs and schedules, by domain."""
