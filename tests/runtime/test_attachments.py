"""Attachments: known by content, cleaned, limited, bound to their session. # R1.1.1.2a (part)"""

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from PIL import Image

from runtime.kit import content
from runtime.kit.problems import TooLarge, UnsupportedMedia
from runtime.responses.resealing import reseal_file_names
from runtime.secrets.keys import replace_key
from runtime.wiring import Deployment
from tests.runtime.conftest import Patient


def _jpeg_with_place() -> bytes:
    picture = Image.new("RGB", (20, 10), "blue")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    exif[0x0112] = 6
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def _zip(*names: str, size: int = 10) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * size)
    return out.getvalue()


def _png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def uploader(patient: Patient) -> Patient:
    """A patient on the page with the upload question."""
    assert patient.post("next", {"overall": 5}).json()["page"]["id"] == "detail"
    return patient


def _upload(patient: Patient, data: bytes, name: str = "a.jpg", question: str = "photo") -> Any:
    return patient.client.post(
        f"{patient.url}/attachments",
        files={"file": (name, data)},
        data={"question": question},
        headers=patient.headers,
    )


def test_a_picture_loses_its_metadata(uploader: Patient, deployment: Deployment) -> None:
    """Stored by the hash of its cleaned content, upright, bound to the session. # S32 (part)"""
    answer = _upload(uploader, _jpeg_with_place(), "../../我的 照片.jpg")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert set(body) == {"id", "name", "bytes", "type"}
    assert (body["name"], body["type"]) == ("我的 照片.jpg", "image/jpeg")
    token = uploader.headers["authorization"].removeprefix("Bearer ")
    _, kept = deployment.sessions.read_attachment(token, body["id"])
    assert b"secret" not in kept
    assert Image.open(io.BytesIO(kept)).size == (10, 20)
    photo = next(q for q in uploader.get().json()["questions"] if q["id"] == "photo")
    assert photo["value"] == [body["id"]]


def test_types_counts_and_sizes_are_limited(uploader: Patient) -> None:
    """By content, whatever the name says. # S32 (part)"""
    assert _upload(uploader, b"<html>", "a.jpg").status_code == 415
    assert _upload(uploader, b"").status_code == 422
    assert _upload(uploader, b"%PDF-1.7\n%%EOF", "a.pdf").status_code == 415
    assert _upload(uploader, _jpeg_with_place(), question="nurse").status_code == 404
    assert _upload(uploader, b"x" * (11 * 2**20)).status_code == 413
    assert _upload(uploader, _png_of(50_000, 50_000)).status_code == 413
    first = _upload(uploader, _jpeg_with_place())
    assert _upload(uploader, _jpeg_with_place()).status_code == 201
    assert _upload(uploader, _jpeg_with_place()).status_code == 409
    url = f"{uploader.url}/attachments/{first.json()['id']}"
    assert uploader.client.delete(url, headers=uploader.headers).status_code == 204
    assert uploader.client.delete(url, headers=uploader.headers).status_code == 404
    assert _upload(uploader, _jpeg_with_place()).status_code == 201


def test_a_foreign_attachment_is_a_bad_value(
    uploader: Patient, client: TestClient[Any], published: str
) -> None:
    """Another session's id, or an invented one."""
    mine = _upload(uploader, _jpeg_with_place()).json()["id"]
    begun = client.post("/api/v1/sessions", json={"survey": published, "channel": "web"})
    other = Patient(client, begun.json())
    other.post("next", {"overall": 5})
    shown = other.put({"photo": [mine]}).json()
    photo = next(q for q in shown["questions"] if q["id"] == "photo")
    assert photo["problem"]["code"] == "unknown_attachment"


def test_documents_are_recognised_by_their_structure() -> None:
    """DOCX and XLSX by their parts, PDF by both ends; no macros, no bombs. # S32 (part)"""
    types = "[Content_Types].xml"
    assert content.recognise(_zip(types, "word/document.xml")) == content.DOCX
    assert content.recognise(_zip(types, "xl/workbook.xml")) == content.XLSX
    assert content.recognise(b"%PDF-1.4\n...\n%%EOF\n") == "application/pdf"
    for bad in (
        _zip("a.txt"),
        _zip(types, "word/document.xml", "word/vbaProject.bin"),
        _zip(types, "word/document.xml", "../../etc/passwd"),
        b"MZ\x90\x00",
        b"PK\x03\x04 nothing",
        b"%PDF-1.4 cut off",
        b"GIF89a",
    ):
        with pytest.raises(UnsupportedMedia):
            content.recognise(bad)
    with pytest.raises(TooLarge):
        content.recognise(_zip(types, "word/document.xml", size=20_000_000))


def _jpeg_of_a_place() -> bytes:
    """A picture whose EXIF says where it was taken."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (23.0, 7.0, 44.0), 3: "E", 4: (113.0, 15.0, 52.0)}
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_every_trap_in_a_file_is_shut(uploader: Patient, deployment: Deployment) -> None:
    """A polyglot, a renamed program, a bomb, 50,000 by 50,000 points, a place in the EXIF. # S32"""
    types = "[Content_Types].xml"
    assert _upload(uploader, b"MZ" + b"\0" * 500, "scan.png").status_code == 415
    assert _upload(uploader, _zip(types, "word/document.xml", size=30_000_000)).status_code == 413
    assert _upload(uploader, _png_of(50_000, 50_000)).status_code == 413
    placed = _jpeg_of_a_place()
    assert Image.open(io.BytesIO(placed)).getexif().get_ifd(0x8825), "the trap is one"
    for data in (placed, placed + _zip("a.txt"), placed + b"<script>alert(1)</script>"):
        answer = _upload(uploader, data)
        assert answer.status_code == 201, answer.text
        token = uploader.headers["authorization"].removeprefix("Bearer ")
        _, kept = deployment.sessions.read_attachment(token, answer.json()["id"])
        assert not Image.open(io.BytesIO(kept)).getexif()
        assert b"PK\x03\x04" not in kept and b"script" not in kept
        url = f"{uploader.url}/attachments/{answer.json()['id']}"
        assert uploader.client.delete(url, headers=uploader.headers).status_code == 204


MARKUP = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "script": b"#!/bin/sh\nid\n",
    "program": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
    "gif and script": b"GIF89a/*<svg/onload=alert(1)>*/=1;",
}


@pytest.mark.parametrize("kind", MARKUP)
@pytest.mark.parametrize("name", ["a.jpg", "a.svg", "a.html", "a.png\0.html", "a\r\nx: y.jpg"])
def test_what_a_browser_would_run_is_never_taken(uploader: Patient, kind: str, name: str) -> None:
    """Markup, programs and what pretends to be a picture, under any name. # S32 (part)"""
    assert _upload(uploader, MARKUP[kind], name).status_code in (400, 415, 422)


def test_a_picture_with_markup_behind_it_comes_out_without(
    uploader: Patient, deployment: Deployment
) -> None:
    """Drawn anew: nothing but the picture is kept, plainly named. # S32 (part) S33 (part)"""
    name = '../../a"\r\nset-cookie: x.jpg'
    answer = _upload(uploader, _jpeg_with_place() + b"<script>alert(1)</script>", name)
    assert answer.status_code == 201
    body = answer.json()
    assert not {"/", "\\", "\r", "\n", "\0"} & set(body["name"])
    token = uploader.headers["authorization"].removeprefix("Bearer ")
    _, kept = deployment.sessions.read_attachment(token, body["id"])
    assert b"script" not in kept and Image.open(io.BytesIO(kept)).format == "JPEG"


def test_a_damaged_picture_is_refused() -> None:
    """A picture is drawn anew or not taken."""
    for damaged in (b"\xff\xd8\xff" + b"0" * 100, b"\x89PNG\r\n\x1a\n" + b"0" * 50):
        with pytest.raises(UnsupportedMedia):
            content.clean_picture(damaged, content.recognise(damaged))


def test_the_name_of_a_file_is_sealed(uploader: Patient, deployment: Deployment) -> None:
    """It often is a person's name; after submission no row holds it in clear. # S49 (part)"""
    name, vault = "陈晓明的伤口.jpg", deployment.vault
    kept = _upload(uploader, _jpeg_with_place(), name).json()["id"]
    assert uploader.post("submit", {"nurse": 4}).status_code == 201
    with deployment.db.begin_everywhere() as connection:
        for table in ("attachments", "sessions", "responses", "events", "audit_lines"):
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    assert "陈晓明".encode() not in raw and b"\\u9648" not in raw, table
        query = sa.text("SELECT name, key_id FROM attachments WHERE id = :id")
        row = connection.execute(query, {"id": kept}).one()
        assert vault.open("attachments", "name", kept, row.name) == name
        replace_key(connection, vault.envelope, "data", vault.clock)
    vault.check()
    with deployment.db.begin_everywhere() as connection:
        assert reseal_file_names(connection, vault, 10) == 1
        assert reseal_file_names(connection, vault, 10) == 0
        fresh = connection.execute(query, {"id": kept}).one()
        assert fresh.key_id != row.key_id
        assert vault.open("attachments", "name", kept, fresh.name) == name
