"""Budgets of requests: by token or session first, by address second, counted in Redis.

A hospital's visitors share one address, so an address may do what a thousand people do; one token
may do what one person does. The counters lie in Redis and so hold over all worker processes. With
Redis away nobody is refused: a patient's answer matters more than a count.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import redis.asyncio
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.exceptions import RedisError

from runtime.kit.addresses import client_address
from runtime.kit.http import Http
from runtime.kit.logging import logger
from runtime.kit.problems import TooMany

REDIS_SECONDS = 0.25
CREDENTIALS = ("__Host-staff", "staff")


class Budget(msgspec.Struct, frozen=True):
    """How many requests within `seconds`: of one credential, and of one address."""

    name: str
    each: int
    address: int
    seconds: int = 60


START = Budget("start", each=300, address=6_000)
SUBMIT = Budget("submit", each=60, address=6_000)
"""A thousand people behind one address who answer in twenty seconds are three thousand a minute."""
SIGN_IN = Budget("sign_in", each=60, address=600)
UPLOAD = Budget("upload", each=60, address=3_000)
RESUME = Budget("resume", each=30, address=600)
READ_ALL = Budget("read_all", each=600, address=3_000)
EXPORT = Budget("export", each=20, address=300)
SEARCH = Budget("search", each=240, address=3_000)

BUDGETS: Mapping[tuple[str, str], Budget] = {
    ("POST", "/api/v1/sessions"): START,
    ("POST", "/s/{survey}"): START,
    ("POST", "/kiosk/s/{survey}"): START,
    ("POST", "/api/v1/sessions/resume"): RESUME,
    ("POST", "/s/resume/{code}"): RESUME,
    ("POST", "/api/v1/sessions/{sid}/submit"): SUBMIT,
    ("POST", "/api/v1/sessions/{sid}/attachments"): UPLOAD,
    ("GET", "/api/v1/responses"): READ_ALL,
    ("GET", "/staff/responses.csv"): EXPORT,
    ("GET", "/staff/responses.fhir.json"): EXPORT,
    ("GET", "/staff/responses.jsonl"): EXPORT,
    ("GET", "/staff/responses.xlsx"): EXPORT,
    ("GET", "/staff/audit/lines.csv"): EXPORT,
    ("POST", "/staff/search"): SEARCH,
    ("POST", "/staff/sign-in"): SIGN_IN,
    ("POST", "/staff/sign-in/{link}"): SIGN_IN,
    ("POST", "/staff/sign-in/second"): SIGN_IN,
}
"""What is counted; the steps of a session are bounded by the session itself."""

_COUNT = """
local uses = redis.call('INCR', KEYS[1])
if uses == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {uses, redis.call('TTL', KEYS[1])}
"""


class Limits:
    """The counters of one process; `refused` says how long a caller has to wait."""

    def __init__(
        self,
        redis_url: str,
        trusted: tuple[str, ...],
        budgets: Mapping[tuple[str, str], Budget] = BUDGETS,
    ) -> None:
        self.budgets = budgets
        self.trusted = trusted
        client: Any = redis.asyncio.Redis  # its stubs leave the options of from_url untyped
        self._redis = client.from_url(
            redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """The app behind these budgets; what is over is told as its channel tells refusals: 429
        with Retry-After.
        """

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            budget = self.budgets.get(_route(scope))
            wait = 0 if budget is None else await self.wait_seconds(budget, Http(scope))
            if not wait:
                await app(scope, receive, send)
                return
            raise TooMany("too_many", "Too many requests; wait a little.", retry_after=wait)

        return limited

    async def wait_seconds(self, budget: Budget, request: Http) -> int:
        """0 where the request is within its budget, else the seconds until it may come again."""
        address = client_address(request, self.trusted) or "unknown"
        counted = [(f"limit:{budget.name}:a:{_digest(address)}", budget.address)]
        credential = _credential(request)
        if credential:
            counted.append((f"limit:{budget.name}:c:{_digest(credential)}", budget.each))
        try:
            return max([await self._over(key, most, budget.seconds) for key, most in counted])
        except (RedisError, OSError) as error:
            logger().warning("limits_uncounted", error=type(error).__name__)
            return 0

    async def _over(self, key: str, most: int, seconds: int) -> int:
        uses, left = await self._redis.eval(_COUNT, 1, key, str(seconds))
        return max(1, int(left)) if int(uses) > most else 0

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


def _route(scope: Scope) -> tuple[str, str]:
    if scope["type"] != "http":
        return ("", "")
    return (scope["method"], str(scope.get("path_template") or ""))


def _credential(request: Http) -> str | None:
    """What names the caller: the bearer token, else the cookie of a signed-in person."""
    header = request.headers.get("authorization")
    if header:
        return header
    return next((one for name in CREDENTIALS if (one := request.cookies.get(name))), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
