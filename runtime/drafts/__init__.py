"""Editing a draft together: edits one after another, each of which its author can take back."""
