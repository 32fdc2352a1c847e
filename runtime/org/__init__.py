"""The hospital's sites, departments, staff and dictionaries."""
