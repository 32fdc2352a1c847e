"""Tables uploaded on the console's page: tried, told row by row, taken whole."""

import re
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.org.departments import read_tree
from runtime.org.tabular import read_table
from runtime.wiring import Deployment
from tests.runtime.test_org_import import bomb
from tests.runtime.test_users_page import sign_in

PAGE = "/staff/imports"
CHINESE = {"accept-language": "zh-CN"}
GOOD = "科室代码,科室名称\r\n201,睡眠医学科\r\n202,中医科\r\n".encode()
BAD = "科室代码,科室名称,上级科室\r\n201,睡眠医学科,=1+1\r\n202,,不存在科\r\n".encode()


def upload(client: TestClient[Any], csrf: str, content: bytes, name: str = "t.csv") -> Any:
    form = {"_csrf": csrf, "kind": "departments", "do": "try"}
    return client.post(PAGE, data=form, files={"file": (name, content)}, headers=CHINESE)


def send(client: TestClient[Any], csrf: str, tried: Any, do: str) -> Any:
    """Press a button of the page that an upload gave."""
    kept = re.search(r'name="table" value="([^"]*)"', tried.text)
    assert kept is not None
    form = {"_csrf": csrf, "kind": "departments", "do": do, "table": kept[1]}
    return client.post(PAGE, data=form, headers=CHINESE)


def test_a_table_is_tried_then_taken(deployment: Deployment, client: TestClient[Any]) -> None:
    """The trial changes nothing; taken, it is all there. # R1.2.1.1 (part)"""
    csrf = sign_in(deployment, client, "admin", "system_administrator")
    tried = upload(client, csrf, GOOD)
    assert tried.status_code == 200 and "新增 2" in tried.text
    assert read_tree(deployment.db) == []
    done = send(client, csrf, tried, "take")
    assert done.status_code == 200 and "已导入" in done.text
    assert {row.name["zh-CN"] for row in read_tree(deployment.db)} == {"睡眠医学科", "中医科"}
    assert "没有变化" in upload(client, csrf, GOOD).text


def test_bad_rows_keep_the_table_out_and_are_told_on_the_page_and_in_a_file(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Where, what, and what to do. # R1.2.1.1 (part)"""
    csrf = sign_in(deployment, client, "admin", "system_administrator")
    tried = upload(client, csrf, BAD)
    assert tried.status_code == 422
    assert "第 2 行“上级科室”列：这里是公式" in tried.text and "不存在科" in tried.text
    assert send(client, csrf, tried, "take").status_code == 422
    assert read_tree(deployment.db) == []
    report = send(client, csrf, tried, "report")
    assert report.headers["content-type"].startswith("text/csv")
    text = report.content.decode("utf-8-sig")
    assert "cell_formula" in text and "department_unknown" in text and "missing" in text


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "文件是空的"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, ".xls"),
    "30 MB": (b"a" * 30 * 1024 * 1024, "文件太大"),
    "another table": (b"a,b\n1,2", "不认识表头"),
    "a script": (b"<script>alert(1)</script>,b\n", "不认识表头"),
}


@pytest.mark.parametrize("what", [*WRONG, "a zip bomb"])
def test_wrong_files_are_refused_with_what_to_do(
    deployment: Deployment, client: TestClient[Any], what: str
) -> None:
    """Never a 5xx, never a change. # R1.2.1.1 (part) S21 (part)"""
    csrf = sign_in(deployment, client, "admin", "system_administrator")
    content, words = WRONG.get(what) or (bomb(), "解压后太大")
    refused = upload(client, csrf, content, "<script>alert(1)</script>.xlsx")
    assert refused.status_code == 422 and words in refused.text
    assert "<script>alert" not in refused.text
    assert read_tree(deployment.db) == []


def test_templates_are_downloaded_and_only_editors_come_in(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """The form needs its token too. # R2.2.3 (part)"""
    csrf = sign_in(deployment, client, "admin", "system_administrator")
    for kind in ("departments", "aliases", "staff"):
        file = client.get(f"{PAGE}/template/{kind}")
        assert len(list(read_table(file.content))) == 2
    assert client.get(f"{PAGE}/template/nothing").status_code == 404
    assert upload(client, "0" * len(csrf), GOOD).status_code == 403
    reader = sign_in(deployment, client, "reader", "reviewer")
    assert client.get(PAGE).status_code == 403
    assert upload(client, reader, GOOD).status_code == 403
