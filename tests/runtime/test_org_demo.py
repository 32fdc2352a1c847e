"""The demo hospital's past is stored once and is followed to today."""

from datetime import date

from runtime.org import resolving, settling
from runtime.org.departments import read_tree
from runtime.seed import seed
from runtime.wiring import Deployment


def test_the_demo_follows_codes_of_2019_to_today(deployment: Deployment) -> None:
    """Through two merges; a split without a rule waits for staff. # R1.2.1.1 (part)"""
    seed(deployment, responses=0)
    db, before = deployment.db, read_tree(deployment.db)
    found = resolving.resolve(db, "HIS", "0103", date(2019, 5, 1))
    assert found is not None and found.then == "former_stomach_two"
    assert found.department == "spleen_stomach"
    hotline = resolving.resolve(db, "12345", "GZ-0390", date(2019, 5, 1))
    assert hotline is not None and hotline.department == "ophthalmology"
    waiting = {(line.system, line.code): line for line in settling.list_unmapped(db)}
    assert waiting["HIS", "0401"].candidates == ("ophthalmology", "ent")
    seed(deployment, responses=0)
    assert read_tree(db) == before
