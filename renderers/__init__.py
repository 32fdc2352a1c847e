"""Turns page views of the engine into what each channel shows."""
