"""The demo hospital in the database, through the same services that patients use."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

import engine
import examples
from examples.seed_responses import PlausibleResponse, plausible_responses
from runtime.audit.models import SYSTEM
from runtime.bank.service import Wanted, import_file
from runtime.kit.clock import hospital_day
from runtime.kit.problems import AppError, StateConflict
from runtime.org.demo import seed_past
from runtime.org.models import Departments, Entry, Sites, Staff
from runtime.org.service import store_organisation
from runtime.responses.service import Sessions
from runtime.surveys import templates
from runtime.surveys.assets import store_asset
from runtime.surveys.queries import list_surveys
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment

FOLDER = Path(examples.__file__).parent
RESPONSES = 300
CHANCE = 20_261_123  # any number: the same one gives the same hospital
TRIES = 5
MAX_STEPS = 60


def is_empty(deployment: Deployment) -> bool:
    """Whether nobody has stored a survey yet."""
    with deployment.db.begin() as connection:
        return not connection.execute(sa.text("SELECT EXISTS (SELECT FROM surveys)")).scalar_one()


def seed(deployment: Deployment, *, responses: int = RESPONSES) -> dict[str, int]:
    """Store the demo hospital, its pictures and surveys, and responses if there are none yet.

    Running it twice changes nothing. Gives how many of each there are.
    """
    _seed_organisation(deployment)
    pictures = sorted((FOLDER / "assets").glob("*.png"))
    for picture in pictures:
        store_asset(deployment.db, deployment.assets, picture.read_bytes())
    documents = [path.read_bytes() for path in sorted((FOLDER / "surveys").glob("*.json"))]
    known = {one.id for one in list_surveys(deployment.db)}
    for document in documents:
        if engine.load(document).id not in known:
            _publish(deployment, document)
    _seed_bank(deployment)
    shorter = [path.read_bytes() for path in sorted((FOLDER / "templates").glob("*.json"))]
    _keep_templates(deployment, [*documents, *shorter])
    made = _seed_responses(deployment, documents, responses) if responses else 0
    return {"pictures": len(pictures), "surveys": len(documents), "responses": made}


def _seed_bank(deployment: Deployment) -> None:
    content = (FOLDER / "bank" / "questions.jsonl").read_bytes()
    import_file(deployment.db, SYSTEM, content, Wanted(), clock=deployment.clock)


def _seed_organisation(deployment: Deployment) -> None:
    folder = FOLDER / "hospital"
    dictionaries = msgspec.json.decode((folder / "dictionaries.json").read_bytes())
    entries: Mapping[str, tuple[Entry, ...]] = {
        name: msgspec.convert(listed, tuple[Entry, ...])
        for name, listed in dictionaries.items()
        if isinstance(listed, list)
    }
    store_organisation(
        deployment.db,
        sites=_read(folder / "sites.json", Sites).sites,
        departments=_read(folder / "departments.json", Departments).departments,
        staff=_read(folder / "staff.json", Staff).staff,
        dictionaries=entries,
    )
    seed_past(deployment.db, folder, deployment.clock)


def _read(path: Path, kind: Any) -> Any:
    return msgspec.json.decode(path.read_bytes(), type=kind)


def _publish(deployment: Deployment, document: bytes) -> None:
    """Publish and confirm the findings; on a busy machine each proof settles more or less."""
    confirm = None
    for _ in range(TRIES - 1):
        try:
            store_survey(deployment.db, document, publish=True, confirm=confirm)
        except StateConflict as findings:
            confirm = findings.confirm
        else:
            return
    store_survey(deployment.db, document, publish=True, confirm=confirm)


def _keep_templates(deployment: Deployment, documents: list[bytes]) -> None:
    """Templates to begin from, unless somebody has kept or removed any before."""
    if templates.list_templates(deployment.db):
        return
    for data in documents:
        document = engine.load(data).document
        templates.keep(deployment.db, document, data, clock=deployment.clock)


def _seed_responses(deployment: Deployment, documents: list[bytes], count: int) -> int:
    with deployment.db.begin_everywhere() as connection:
        if connection.execute(sa.text("SELECT EXISTS (SELECT FROM responses)")).scalar_one():
            return 0
    parsed = [engine.load(document).document for document in documents]
    rng = random.Random(CHANCE)  # nosec B311 - demo data
    today = hospital_day(deployment.clock())
    made = 0
    for drawn in plausible_responses(parsed, count, rng, today):
        made += _fill(deployment, drawn, rng)
    return made


def _fill(deployment: Deployment, drawn: PlausibleResponse, rng: random.Random) -> bool:
    """Fill one session page by page at the pace of a patient; tells whether it was submitted."""
    moment = [drawn.visit_time]
    sessions = Sessions(
        deployment.db,
        files=deployment.files,
        secret=deployment.secret,
        vault=deployment.vault,
        surveys=deployment.surveys,
        known=deployment.known,
        clock=lambda: moment[0],
    )
    started = sessions.start(
        drawn.survey_id,
        drawn.channel,
        lang=drawn.language,
        context=drawn.context,
        site=drawn.site,
        is_trusted=True,
    )
    view, is_done = started.view, False
    try:
        for _ in range(MAX_STEPS):
            moment[0] = _later(moment[0], len(view.questions), rng)
            here = {q.id: drawn.answers[q.id] for q in view.questions if q.id in drawn.answers}
            act = sessions.submit if view.action == "submit" else sessions.next_page
            step = act(started.token, here)
            if step.submitted is not None:
                is_done = True
                break
            if step.outcome == "invalid":
                break
            view = step.view
        if not is_done:
            sessions.abandon(started.token)
    except AppError:
        return False
    return is_done


def _later(moment: datetime, questions: int, rng: random.Random) -> datetime:
    return moment + timedelta(seconds=3 + questions * rng.uniform(3.0, 12.0))
