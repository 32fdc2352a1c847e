"""The running program under strain: requests that two could read differently, and much at once."""

import asyncio
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from runtime.kit.bodies import in_time
from runtime.kit.problems import TooSlow
from tests.security.hospital import Hospital

pytestmark = pytest.mark.xdist_group("strain")

EXPORTS = 20
QUIET_STEPS = 40

HEAD = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SECOND = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED, END = b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"
CORPUS: dict[str, tuple[bytes, bytes]] = {
    "CL.TE": (b"Content-Length: 6\r\n" + CHUNKED, END),
    "TE.CL": (CHUNKED + b"Content-Length: 4\r\n", b"1c\r\n" + SECOND + END),
    "both, each sound": (CHUNKED + b"Content-Length: 4\r\n", b"2\r\n{}\r\n" + END),
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 40\r\n", b"{}"),
    "a list of lengths": (b"Content-Length: 2, 40\r\n", b"{}"),
    "a negative length": (b"Content-Length: -1\r\n", b"{}"),
    "a signed length": (b"Content-Length: +2\r\n", b"{}"),
    "a length in hexadecimal": (b"Content-Length: 0x2\r\n", b"{}"),
    "an unknown coding": (b"Transfer-Encoding: xchunked\r\n", END),
    "a blank before the colon": (b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", END),
    "identity": (b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n", b"{}"),
    "a chunk of no size": (CHUNKED, b"zz\r\n{}\r\n" + END),
    "a chunk without end": (CHUNKED, b"ffffffffffffffffff\r\n{}\r\n" + END),
    "a line end in an extension": (CHUNKED, b"2;\n{}\r\n" + END),
    "a folded header": (b"X-A: a\r\n Content-Length: 9\r\nContent-Length: 2\r\n", b"{}"),
    "a NUL in a header": (b"X-A: a\x00b\r\nContent-Length: 2\r\n", b"{}"),
}
"""Headers and body of requests that two readers have read differently somewhere."""


def sent(base: str, content: bytes) -> bytes:
    """Everything that comes back over one connection."""
    where = urlsplit(base)
    answer = b""
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(content)
        connection.settimeout(1.5)
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
    return answer


@pytest.mark.parametrize("kind", CORPUS)
def test_no_request_hides_in_another(hospital: Hospital, kind: str) -> None:
    """One answer, a refusal, to what a proxy might have read as two requests. # S45"""
    headers, body = CORPUS[kind]
    answer = sent(hospital.base, HEAD + headers + b"\r\n" + body + SECOND)
    assert b'"live"' not in answer, kind
    assert answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 400 "), answer


def test_no_older_or_newer_protocol_is_spoken(hospital: Hospital) -> None:
    """Chunks in HTTP/1.0 are refused, HTTP/2 without being asked for is not heard. # S45 (part)"""
    old = HEAD.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + END + SECOND
    assert sent(hospital.base, old).count(b"HTTP/1.") == 1
    assert not sent(hospital.base, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"\x00\x00")


def test_two_sound_requests_over_one_connection_are_answered_both(hospital: Hospital) -> None:
    """The corpus is refused for what it is, not for coming together. # S45 (part)"""
    answer = sent(hospital.base, HEAD + b"Content-Length: 2\r\n\r\n{}" + SECOND)
    assert answer.count(b"HTTP/1.1 ") == 2 and b'"live"' in answer


@pytest.mark.parametrize(
    "path", ["/s/outpatient_satisfaction/fill", "/s/x", "/kiosk/fill", "/staff/sign-in"]
)
def test_a_form_of_countless_fields_is_refused_unread(hospital: Hospital, path: str) -> None:
    """Hundreds of thousands of empty fields, from anybody. # S28 (part) S66 (part)

    One more than allowed is refused everywhere; what is allowed gets as far as its token.
    """
    kind = {"content-type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=hospital.base, timeout=30, headers=kind) as http:
        assert http.post(path, content=b"a=&" * 300_000).status_code == 413
        assert http.post(path, content=b"a=&" * 20_001).status_code == 413
        assert http.post(path, content=b"a=&" * 20_000).status_code in (403, 404, 410)


def test_a_body_that_stands_still_is_over() -> None:
    """Between two pieces, or drop by drop for too long; a whole one is waited for. # S66 (part)"""
    pieces: list[tuple[float, bytes]] = []

    async def read(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    async def drip() -> Any:
        wait_seconds, body = pieces.pop(0)
        await asyncio.sleep(wait_seconds)
        return {"type": "http.request", "body": body, "more_body": bool(pieces)}

    app: Any = in_time(read, silent_seconds=0.4, whole_seconds=1.0)
    send: Any = None
    scope: Any = {"type": "http"}
    for waits, is_slow in (([0, 0.1, 0.1], False), ([0, 5], True), ([5], True), ([0.2] * 9, True)):
        pieces[:] = [(wait_seconds, b"x") for wait_seconds in waits]
        if is_slow:
            with pytest.raises(TooSlow):
                asyncio.run(app(scope, drip, send))
        else:
            asyncio.run(app(scope, drip, send))


def test_a_body_that_breaks_off_is_no_error_of_ours(hospital: Hospital) -> None:
    """A patient's network goes away in the middle of a form. # S55 (part)"""
    before = hospital.log.read_text("utf-8", "replace").count('"bug"')
    for path in (b"/api/v1/sessions", b"/staff/sign-in", b"/s/x", b"/kiosk/s/x"):
        sent(
            hospital.base, HEAD.replace(b"/api/v1/sessions", path) + b"Content-Length: 99\r\n\r\n{"
        )
    assert hospital.log.read_text("utf-8", "replace").count('"bug"') == before


def _step(http: httpx.Client, session: dict[str, Any], number: int) -> float:
    """How long it takes to keep an answer."""
    began = time.monotonic()
    answer = http.put(
        f"/api/v1/sessions/{session['session']}/answers",
        json={"answers": {"overall": 1 + number % 5}},
        headers={"authorization": f"Bearer {session['token']}"},
    )
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


def test_twenty_exports_at_once_keep_the_patients_steps_alive(hospital: Hospital) -> None:
    """Each is served or told when to come again; no step fails, and half go on as before. # S66"""
    paths = ("/staff/responses.xlsx", "/staff/responses.csv",
             "/staff/surveys/outpatient_satisfaction/paper.pdf")  # fmt: skip
    over = threading.Event()
    with (
        hospital.sign_in("analyst") as staff,
        httpx.Client(base_url=hospital.base, timeout=60) as patient,
    ):
        staff.timeout = 60
        body = {"survey": "outpatient_satisfaction", "channel": "web"}
        session = patient.post("/api/v1/sessions", json=body).json()
        quiet = [_step(patient, session, number) for number in range(QUIET_STEPS)]
        with ThreadPoolExecutor(EXPORTS) as pool:
            answers = [pool.submit(staff.get, paths[n % 3]) for n in range(EXPORTS)]
            threading.Thread(target=lambda: ([a.exception() for a in answers], over.set())).start()
            loaded: list[float] = []
            while not over.is_set() or len(loaded) < 5:
                loaded.append(_step(patient, session, len(loaded)))
    statuses = [one.result().status_code for one in answers]
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 5
    for one in answers:
        if one.result().status_code == 503:
            assert int(one.result().headers["retry-after"]) >= 1
    assert statistics.median(loaded) < max(20 * statistics.median(quiet), 0.5)
    assert max(loaded) < 20
