"""Published versions never change, so each process compiles one once and keeps it."""

import threading
from collections import OrderedDict
from functools import cached_property

import engine
from engine.questions import DepartmentQuestion, StaffQuestion
from engine.questions.uploads import Signature, UploadQuestion
from interchange.fhir import calculated_items
from runtime.kit.db import Database
from runtime.surveys.queries import version_document

CAPACITY = 256


class Form:
    """A published version, compiled, with what the server asks of it at every step."""

    def __init__(self, survey: engine.Survey, version: int) -> None:
        self.survey = survey
        self.version = version
        self.questions = {q.id: q for page in survey.document.pages for q in page.questions}

    @property
    def id(self) -> str:
        """The survey's id."""
        return self.survey.id

    @cached_property
    def personal_ids(self) -> frozenset[str]:
        """Questions whose answers are stored apart from the others."""
        return frozenset(q.id for q in self.questions.values() if q.effective_privacy != "none")

    @cached_property
    def upload_ids(self) -> tuple[str, ...]:
        """Questions whose answers name attachments."""
        kinds = (UploadQuestion, Signature)
        return tuple(q.id for q in self.questions.values() if isinstance(q, kinds))

    @cached_property
    def departments(self) -> tuple[DepartmentQuestion, ...]:
        """Questions answered from the department dictionary."""
        return tuple(q for q in self.questions.values() if isinstance(q, DepartmentQuestion))

    @cached_property
    def staff(self) -> tuple[StaffQuestion, ...]:
        """Questions answered from the staff dictionary."""
        return tuple(q for q in self.questions.values() if isinstance(q, StaffQuestion))

    @cached_property
    def calculated(self) -> tuple[tuple[int, str], ...]:
        """Scores and computed values that the form's FHIR Questionnaire has as items."""
        return calculated_items(self.survey.document)

    @cached_property
    def title(self) -> dict[str, str]:
        """The title by language."""
        title = self.survey.document.title
        if isinstance(title, str):
            return dict.fromkeys(self.survey.document.languages, title)
        return dict(title)


class SurveyCache:
    """Compiled published surveys by (id, version); the oldest leaves first."""

    def __init__(self, db: Database, capacity: int = CAPACITY) -> None:
        self.db = db
        self.capacity = capacity
        self._forms: OrderedDict[tuple[str, int], Form] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, survey_id: str, version: int) -> Form:
        """The compiled version.

        Raises:
            NotFound: there is no such version.
        """
        key = (survey_id, version)
        form = self._forms.get(key)
        if form is not None:
            return form
        with self._lock:  # after a start many ask at once for the same
            form = self._forms.get(key)
            if form is None:
                form = self._forms[key] = Form(engine.load(self._read(*key)), version)
            if len(self._forms) > self.capacity:
                self._forms.popitem(last=False)
        return form

    def _read(self, survey_id: str, version: int) -> bytes:
        """Beside the pool: whoever asks amid a turn holds a connection of it."""
        with self.db.begin_beside_pool() as connection:
            return version_document(connection, survey_id, version)
