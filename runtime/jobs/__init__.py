"""Scheduled jobs: when each is due, who runs it, how it went."""
