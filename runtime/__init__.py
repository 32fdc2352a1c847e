"""The programs: every channel's web application, the worker and the command line."""

__version__ = "0.1.0"
