"""Documents on paper: PDF from HTML, with nothing fetched from anywhere."""

from renderers.documents.pdf import Refused, render_pdf

__all__ = ["Refused", "render_pdf"]
