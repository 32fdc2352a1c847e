"""Survey documents, their versions and states, and the pictures they show."""
