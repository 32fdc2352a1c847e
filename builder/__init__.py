"""The visual builder: edits of a survey as pure functions, and what its panes show."""
