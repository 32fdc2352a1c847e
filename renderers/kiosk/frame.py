"""What stands around a kiosk page beside what the web has: its clocks and its own addresses."""

import msgspec

from renderers.web.frame import Frame, Links


class KioskTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The kiosk's clocks in seconds; the server keeps them too.

    Source: the tender's kiosk rows and security list S16 (idle 60 s, absolute 10 min); the
    countdown and the ending screen's time are the project's design.
    """

    idle_seconds: float = 60
    """Without a touch for so long, the patient is asked whether anybody is there."""
    warning_seconds: float = 15
    """The countdown after the question; then everything is wiped."""
    ending_seconds: float = 15
    """How long the ending stays before the start screen returns."""
    grace_seconds: float = 15
    """What the server waits longer than the page before it ends the session by itself."""
    absolute_seconds: float = 600
    """The longest a session may last at a kiosk, however busy."""

    @property
    def unseen_seconds(self) -> float:
        """How long the server keeps a session that nothing has been heard of."""
        return self.idle_seconds + self.warning_seconds + self.grace_seconds


class KioskLinks(Links, frozen=True, kw_only=True):
    """The kiosk's addresses; `home` is where every visit begins and ends."""

    home: str = "/kiosk/"
    leave: str = "/kiosk/leave"
    alive: str = "/kiosk/alive"
    step: str = "/kiosk/fill"


class KioskFrame(Frame, frozen=True, kw_only=True):
    """Everything beside the page view that a rendered kiosk page depends on."""

    links: Links = KioskLinks()
    times: KioskTimes = KioskTimes()
    watched: bool = True
    """Whether the idle clock runs: everywhere but on the start screen."""
