"""A question of the bank on somebody's desk: the builder's panel over a document of one question.

Nothing is stored until it is saved: the form carries the question as it is being made.
"""

from typing import Any

import msgspec

from builder.apply import apply
from builder.blanks import new_question
from builder.edits import AnyEdit
from engine.problems import LANGUAGES
from runtime.accounts.access import Principal
from runtime.bank.content import as_document
from runtime.drafts.service import Draft
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, Unprocessable
from runtime.kit.words import say
from runtime.staff.building import TYPES, Desk
from runtime.staff.building_acts import CONSENT, ENDS
from runtime.staff.frame import language_of
from runtime.wiring import Deployment


class BankDesk(Desk):
    """One question being made or changed; edits change the desk alone."""

    def __init__(
        self, request: Http, principal: Principal, deployment: Deployment, data: bytes
    ) -> None:
        self.request = request
        self.principal = principal
        self.deployment = deployment
        self.survey = ""
        self.lang = language_of(request, principal)
        self._index = None
        self.draft = Draft("bank", readable(data), 0, None, True, ())

    @property
    def question(self) -> Any:
        """The question."""
        return self.document.pages[0].questions[0]

    def apply(self, edit: AnyEdit) -> str | None:
        """Do an edit on the desk.

        Raises:
            Refused: see `builder.edits`.
        """
        done = apply(self.document, edit)
        self.draft = msgspec.structs.replace(self.draft, document=done.document)
        return done.made


def readable(data: bytes) -> Any:
    """The document around a question that a form carried, to be written in Chinese and English.

    Raises:
        Unprocessable: it holds no question.
    """
    try:
        document = as_document(data)
        assert document.pages[0].questions
        languages = dict.fromkeys((*LANGUAGES, *document.languages))
        return msgspec.structs.replace(document, languages=tuple(languages))
    except (AssertionError, msgspec.DecodeError, LookupError, TypeError, AttributeError):
        raise Unprocessable("bank_form", "The form holds no question.") from None


def blank(kind: str, lang: str) -> bytes:
    """A question of a type with as little as it needs, in Chinese and English.

    Raises:
        NotFound: there is no such type.
    """
    if kind not in TYPES:
        raise NotFound("type", "There is no such type.")
    called = {end: {one: say(f"build_scale_{end}", one) for one in LANGUAGES} for end in ENDS}
    made = new_question(TYPES[kind], CONSENT, called)
    return msgspec.json.encode(made)
