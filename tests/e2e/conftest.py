"""The program as its users run it, with the demo hospital and one survey for these tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEST_DIR
from tests.serving import Running, running

SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "web_tests",
    "title": {"zh-CN": "网页测试", "en": "Web tests"},
    "languages": ["zh-CN", "en"],
    "kind": "survey",
    "pages": [
        {
            "id": "arrival",
            "title": {"zh-CN": "就诊", "en": "Visit"},
            "questions": [
                {
                    "id": "overall",
                    "type": "rating",
                    "text": {"zh-CN": "总体感受？", "en": "Overall?"},
                    "required": True,
                },
                {
                    "id": "why",
                    "type": "multi_choice",
                    "text": {"zh-CN": "哪里不好？", "en": "What was wrong?"},
                    "show_if": {"op": "le", "ref": "overall", "value": 3},
                    "required": True,
                    "options": [
                        {"id": "wait", "text": {"zh-CN": "等候", "en": "Waiting"}},
                        {
                            "id": "other",
                            "text": {"zh-CN": "其他", "en": "Other"},
                            "text_entry": "optional",
                        },
                        {
                            "id": "none",
                            "text": {"zh-CN": "都没有", "en": "None"},
                            "exclusive": True,
                        },
                    ],
                },
                {
                    "id": "note",
                    "type": "text",
                    "lines": 3,
                    "text": {"zh-CN": "还想说什么？", "en": "Anything else?"},
                },
            ],
        },
        {
            "id": "more",
            "title": {"zh-CN": "其他", "en": "More"},
            "questions": [
                {
                    "id": "rank",
                    "type": "ranking",
                    "text": {"zh-CN": "请排序", "en": "Please rank"},
                    "options": [
                        {"id": "skill", "text": {"zh-CN": "医术", "en": "Skill"}},
                        {"id": "kind", "text": {"zh-CN": "态度", "en": "Kindness"}},
                    ],
                },
                {
                    "id": "place",
                    "type": "cascade",
                    "leaf_only": True,
                    "text": {"zh-CN": "住在哪里？", "en": "Where do you live?"},
                    "nodes": [
                        {
                            "id": "gz",
                            "text": {"zh-CN": "广州", "en": "Guangzhou"},
                            "nodes": [
                                {"id": "th", "text": {"zh-CN": "天河", "en": "Tianhe"}},
                                {"id": "yx", "text": {"zh-CN": "越秀", "en": "Yuexiu"}},
                            ],
                        },
                        {"id": "fs", "text": {"zh-CN": "佛山", "en": "Foshan"}},
                    ],
                },
                {
                    "id": "dept",
                    "type": "department",
                    "text": {"zh-CN": "哪个科室？", "en": "Which department?"},
                },
                {
                    "id": "photo",
                    "type": "picture_upload",
                    "text": {"zh-CN": "照片", "en": "Photo"},
                },
                {"id": "sign", "type": "signature", "text": {"zh-CN": "签名", "en": "Signature"}},
            ],
        },
    ],
    "endings": [{"id": "thanks", "text": {"zh-CN": "多谢您", "en": "Many thanks"}}],
}


EMBEDDING = "https://www.hospital.example"


@pytest.fixture(scope="session")
def program() -> Iterator[Running]:
    """`huisheng run` with the demo hospital; its database may be shared by tests."""
    folder = Path(os.environ[TEST_DIR]) / f"run-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    folder.mkdir(0o711)
    settings = {"HUISHENG_ENVIRONMENT": "test", "HUISHENG_EMBED_ORIGINS": EMBEDDING}
    with running(folder, **settings) as started:
        started.publish(SURVEY)
        yield started
