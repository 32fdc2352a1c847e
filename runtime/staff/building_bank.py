"""Questions of the bank in the builder: fitted to the survey that they are put into."""

from typing import Any, cast

import msgspec

from builder.tree import Tree
from runtime.bank.content import languages_of
from runtime.bank.items import get_item
from runtime.kit.problems import Forbidden
from runtime.staff.building import Desk


def from_bank(desk: Desk, item: str) -> Tree:
    """A question of the bank as this survey asks it: in its languages, naming where it came from.

    Raises:
        Forbidden: this person does not see the bank.
        NotFound: there is no such question.
    """
    if not desk.principal.may("bank:read"):
        raise Forbidden("permission", "This needs the permission bank:read.")
    with desk.deployment.db.begin() as connection:
        found = get_item(connection, item)
    question: Tree = msgspec.json.decode(found.question)
    fitted = in_languages(question, set(languages_of(question)), desk.document.languages)
    tags = {"tags": list(found.tags)} if found.tags else {}
    return fitted | tags | {"bank": {"id": found.id, "version": found.version}}


def in_languages(node: Any, known: set[str], wanted: tuple[str, ...]) -> Any:
    """The texts of a question in those languages of a survey that they are written in; one that is
    written in none of them stands in the first, to be translated."""
    if isinstance(node, list):
        return [in_languages(one, known, wanted) for one in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    members = cast(Tree, node)
    if members and members.keys() <= known and all(isinstance(v, str) for v in members.values()):
        kept = {lang: text for lang, text in members.items() if lang in wanted}
        return kept or {wanted[0]: next(iter(members.values()))}
    return {
        name: value if name == "ext" else in_languages(value, known, wanted)
        for name, value in members.items()
    }
