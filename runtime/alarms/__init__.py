"""Alarms on what endangers the system or its data."""
