"""A small read-only view of the scored responses, until the console comes."""
