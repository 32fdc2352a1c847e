"""The five forms of the demo hospital, filled by patients with all that they may attach."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from PIL import Image

import examples
from runtime.seed import seed
from runtime.wiring import Deployment
from tests.runtime.conftest import Patient

FORMS = ("praise", "suggestion", "complaint", "consultation", "whistleblow")
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
FOLDER = Path(examples.__file__).parent / "surveys"


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG")
    return out.getvalue()


FILES = {"picture_upload": ("伤口 照片.png", _png()), "file_upload": ("检查报告.pdf", PDF)}


def _answers(form: str) -> dict[str, Any]:
    """Those of the form's first test patient, who thinks the matter important."""
    document = json.loads((FOLDER / f"{form}.json").read_bytes())
    return document["walks"][0]["answers"] | ({"importance": 5} if form == "suggestion" else {})


def _fill(patient: Patient, answers: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Fill page by page, attaching a file wherever one is asked for; the response and the files."""
    given: dict[str, str] = {}
    for _ in range(20):
        for question in patient.view["questions"]:
            if question["type"] in FILES and question["id"] not in given:
                sent = patient.client.post(
                    f"{patient.url}/attachments",
                    data={"question": question["id"]},
                    files={"file": FILES[question["type"]]},
                    headers=patient.headers,
                )
                assert sent.status_code == 201, sent.text
                given[question["id"]] = sent.json()["id"]
        here = {q["id"]: answers[q["id"]] for q in patient.view["questions"] if q["id"] in answers}
        step = patient.post("submit" if patient.view["action"] == "submit" else "next", here)
        if step.status_code == 201:
            return step.json()["response"], given
        assert step.status_code in (200, 409), step.text  # 409: a question appeared, to be seen
        patient.view = step.json().get("view", step.json())
    pytest.fail("the form does not end")


@pytest.mark.parametrize("channel", ["miniprogram", "web"])
def test_each_of_the_five_forms_takes_pictures_and_documents(
    channel: str, deployment: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Praise, suggestion, complaint, consultation, whistleblow: what was attached comes with the
    response, the answers as they were given. # R1.1.1.2a"""
    seed(deployment, responses=0)
    for form in FORMS:
        begun = client.post("/api/v1/sessions", json={"survey": form, "channel": channel})
        assert begun.status_code == 201, begun.text
        answers = _answers(form)
        response, given = _fill(Patient(client, begun.json()), answers)
        assert {"photos", "documents"} <= given.keys(), form
        feed = client.get(f"/api/v1/responses?survey={form}", headers=staff).json()
        [line] = feed["responses"]
        assert line["id"] == response
        assert line["answers"] == answers | {name: [one] for name, one in given.items()}
