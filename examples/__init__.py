"""The demo hospital: dictionaries, surveys, pictures, and plausible responses."""
