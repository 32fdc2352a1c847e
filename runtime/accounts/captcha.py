"""Telling people from programs: a drawn picture, and a worded question for who cannot see it."""

import hmac
import io
import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from runtime.kit.clock import Clock, system_clock
from runtime.kit.ids import new_id

LIFE = timedelta(minutes=10)
LETTERS = 5
SIGNS = "3467ACDEFHJKMNPRTUVWXY"
SIZE = (220, 80)
_chance = secrets.SystemRandom()


def create(connection: sa.Connection, *, clock: Clock = system_clock) -> str:
    """A new captcha; gives its id."""
    captcha = new_id()
    connection.execute(
        sa.text(
            "INSERT INTO captchas (id, letters, question, expires_at) "
            "VALUES (:id, :letters, to_jsonb(CAST(:numbers AS int[])), :until)"
        ),
        {
            "id": captcha,
            "letters": "".join(secrets.choice(SIGNS) for _ in range(LETTERS)),
            "numbers": _chance.sample(range(2, 20), 3),
            "until": clock() + LIFE,
        },
    )
    return str(captcha)


def _letters_and_numbers(
    connection: sa.Connection, captcha: str, clock: Clock
) -> tuple[str, list[int]] | None:
    row = connection.execute(
        sa.text("SELECT letters, question FROM captchas WHERE id = :id AND expires_at > :now"),
        {"id": _id(captcha), "now": clock()},
    ).one_or_none()
    return None if row is None else (row.letters, row.question)


def _id(captcha: str) -> UUID:
    try:
        return UUID(captcha)
    except ValueError:
        return UUID(int=0)


def numbers_of(
    connection: sa.Connection, captcha: str, *, clock: Clock = system_clock
) -> list[int] | None:
    """The three numbers whose largest and smallest the worded question asks to add."""
    found = _letters_and_numbers(connection, captcha, clock)
    return None if found is None else found[1]


def picture_of(
    connection: sa.Connection, captcha: str, *, clock: Clock = system_clock
) -> bytes | None:
    """The picture as PNG, drawn anew at each look; None for an unknown or spent captcha."""
    found = _letters_and_numbers(connection, captcha, clock)
    return None if found is None else _draw(found[0])


def solve(
    connection: sa.Connection, captcha: str, answer: str, *, clock: Clock = system_clock
) -> bool:
    """Spend a captcha, right or wrong; two who send it at once: one is heard."""
    row = connection.execute(
        sa.text(
            "DELETE FROM captchas WHERE id = :id AND expires_at > :now RETURNING letters, question"
        ),
        {"id": _id(captcha), "now": clock()},
    ).one_or_none()
    if row is None:
        return False
    typed = answer.strip().upper().encode("utf-8", "replace")
    total = str(max(row.question) + min(row.question))
    return any(hmac.compare_digest(typed, right.encode()) for right in (row.letters, total))


def _draw(letters: str) -> bytes:
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        draw.line(_points(4), fill=_grey(150), width=2)
    for position, letter in enumerate(letters):
        _paste(image, letter, 14 + position * 40)
    for _ in range(3):
        draw.line(_points(3), fill=_grey(90), width=2)
    for x, y in (_points(1)[0] for _ in range(300)):
        draw.point((x, y), fill=_grey(120))
    file = io.BytesIO()
    image.filter(ImageFilter.SMOOTH).save(file, "PNG")
    return file.getvalue()


def _paste(image: Image.Image, letter: str, left: int) -> None:
    tile = Image.new("L", (48, 60), 0)
    font = ImageFont.load_default(_chance.randint(36, 46))
    ImageDraw.Draw(tile).text((8, 4), letter, fill=255, font=font)
    turned = tile.rotate(_chance.uniform(-25, 25), resample=Image.Resampling.BICUBIC)
    ink = Image.new("RGB", turned.size, _grey(60))
    image.paste(ink, (left, _chance.randint(2, 18)), turned)


def _points(count: int) -> list[tuple[int, int]]:
    return [(_chance.randrange(SIZE[0]), _chance.randrange(SIZE[1])) for _ in range(count)]


def _grey(most: int) -> tuple[int, int, int]:
    return (_chance.randint(0, most), _chance.randint(0, most), _chance.randint(0, most))
