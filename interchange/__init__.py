"""Foreign form definitions, read into the survey format and written from it, with what was lost."""

from interchange.conversion import SOURCES, TARGETS, convert
from interchange.report import Conversion, Loss, summary, tell

__all__ = ["SOURCES", "TARGETS", "Conversion", "Loss", "convert", "summary", "tell"]
