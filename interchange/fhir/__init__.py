"""FHIR R4 Questionnaire with SDC extensions, in and out, and QuestionnaireResponse out."""

from interchange.fhir.calculated import calculated_items
from interchange.fhir.reader import NotEqual, read
from interchange.fhir.responses import questionnaire_response
from interchange.fhir.writer import write

__all__ = ["NotEqual", "calculated_items", "questionnaire_response", "read", "write"]
