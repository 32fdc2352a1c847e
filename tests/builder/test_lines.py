"""Where in a hand-written JSON text a value stands."""

import json

from builder.lines import lines_of

TEXT = """{
  "title": {"zh-CN": "含有 { \\" 和 ] 的标题"},
  "pages": [
    {"id": "a",
     "questions": []},
    {
      "id": "b",
      "x/y~": [1,
        2, {"z": null}]
    }
  ],
  "id": 1,
  "id": 2
}"""


def test_each_value_of_a_text_has_its_line() -> None:
    """Brackets inside texts count for nothing; of two the last one. # R0.5 (part)"""
    lines = {
        "": 1, "/title": 2, "/title/zh-CN": 2, "/pages": 3, "/pages/0": 4, "/pages/0/id": 4,
        "/pages/0/questions": 5, "/pages/1": 6, "/pages/1/id": 7, "/pages/1/x~1y~0": 8,
        "/pages/1/x~1y~0/0": 8, "/pages/1/x~1y~0/1": 9, "/pages/1/x~1y~0/2/z": 9, "/id": 13,
    }  # fmt: skip
    assert lines_of(TEXT, lines) == lines
    assert lines_of(TEXT, ["/pages/2", "/ghost", "/pages/0/id/x"]) == {}


def test_a_text_that_is_not_whole_is_read_as_far_as_it_goes() -> None:
    """Whatever was typed, nothing goes wrong."""
    assert lines_of('{"a":\n [1,\n 2', ["/a/1"]) == {"/a/1": 3}
    for text in (
        "",
        "]]]",
        "}{",
        '"',
        '{"',
        ",,,",
        "[" * 2_000_000,
        '{"a"' * 50,
        ":::",
        "\\",
        '{"a":"\\',
    ):
        lines_of(text, ["", "/a", "/0"])
    long = json.dumps({"a": ["字" * 40] * 20_000}, ensure_ascii=False, indent=1)
    assert lines_of(long, ["/a/19999"]) == {"/a/19999": 20_002}
