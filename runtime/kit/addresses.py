"""The client's address: what a proxy says counts only where that proxy is ours."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from runtime.kit.http import Http

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=64)
def networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    """The trusted proxies as networks; a single address is a network of one.

    Raises:
        ValueError: one of them is neither an address nor a network.
    """
    return tuple(ipaddress.ip_network(one, strict=False) for one in trusted)


_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}", re.ASCII)


def client_address(request: Http, trusted: Sequence[str]) -> str | None:
    """The right-most hop that is not a trusted proxy; None where the peer is unknown.

    `X-Forwarded-For` is read from the right: whatever stands left of the first untrusted hop was
    written by somebody we do not know.
    """
    peer = request.client.host if request.client else None
    if peer is None or not trusted:
        return peer
    ours = networks(tuple(trusted))
    hops = [_bare(hop) for hop in request.headers.get("x-forwarded-for", "").split(",")]
    address = peer
    for hop in reversed([hop for hop in hops if hop]):
        if not _is_within(address, ours) or not _is_address(hop):
            return address
        address = hop
    return address


def _bare(hop: str) -> str:
    """A hop without the port that some proxies write behind it."""
    found = _WITH_PORT.fullmatch(hop.strip())
    return (found[1] or found[2]) if found else hop.strip()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(text: str, ours: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in ours)
