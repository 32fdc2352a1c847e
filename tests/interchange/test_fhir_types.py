"""Every question type as FHIR R4 writes it: asked, and answered."""

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from interchange.fhir import questionnaire_response, write
from tests.engine.test_question_types import SAMPLES, TYPES, load
from tests.interchange.r4 import broken_invariants


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_goes_out_as_r4_defines_it(kind):
    """The question by its id with a type of FHIR, and its answer; what is not carried is told."""
    document = load(kind, required=kind != "statement").document
    resource = write(document).resource
    Questionnaire.model_validate(resource)
    assert broken_invariants(resource) == []
    [item] = resource["item"][0]["item"]
    assert item["linkId"] == "q"
    good = SAMPLES[kind][1]
    response = questionnaire_response(
        document,
        {} if good is None else {"q": good},
        response_id="r1",
        version=1,
        authored="2026-01-31T09:30:00+08:00",
        language="zh-CN",
    )
    QuestionnaireResponse.model_validate(response)
    answered = [one["linkId"] for page in response.get("item", []) for one in page["item"]]
    assert answered == ([] if good is None else ["q"])
