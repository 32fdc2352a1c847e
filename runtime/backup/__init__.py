"""Encrypted backups of the database and the files, and their way back."""
