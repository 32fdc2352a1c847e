"""Draw the pictures that the demo surveys show.

Flat shapes only, no lettering, so that no font and no language is needed. The pictures are kept
in the repository and surveys name them by the SHA-256 of their file; a file whose pixels are
already right is left alone, so that another Pillow does not change names.

Run `python examples/make_assets.py` to draw what is missing and list the names.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw

ASSETS = Path(__file__).parent / "assets"
WIDTH, HEIGHT = 320, 240
SCALE = 4
COLOURS = 48

INK = "#2f4a4f"
PAPER = "#fffdf7"
JADE = "#3f9c86"
MINT = "#dcefe8"
SAND = "#f7ead2"
CLAY = "#c9704f"
SKY = "#dbe9f6"
BLUE = "#4f82b5"
ROSE = "#f6dcd8"
RED = "#c8504a"
GOLD = "#f2bd4b"
GREY = "#c8d0d2"
SKIN = "#f4cfa9"
WOOD = "#a5764d"

Shape = tuple[float, float, float, float]


class Canvas:
    """A picture in units of its final size, drawn larger and then shrunk for smooth edges."""

    def __init__(self, ground: str) -> None:
        self._image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, shape: Shape, fill: str, radius: float = 0) -> None:
        """A filled rectangle, left, top, right, bottom, with round corners."""
        self._draw.rounded_rectangle(_scaled(shape), radius * SCALE, fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        """A filled circle."""
        self.oval((x - radius, y - radius, x + radius, y + radius), fill)

    def oval(self, shape: Shape, fill: str) -> None:
        """A filled ellipse."""
        self._draw.ellipse(_scaled(shape), fill=fill)

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        """A line with round joints and ends."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=fill, width=round(width * SCALE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, fill)

    def arc(self, shape: Shape, start: float, end: float, fill: str, width: float) -> None:
        """A part of an ellipse's rim, in degrees clockwise from three o'clock, round ends."""
        left, top, right, bottom = shape
        centre_x, centre_y = (left + right) / 2, (top + bottom) / 2
        steps = 48
        angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
        points = [
            (
                centre_x + (right - left) / 2 * math.cos(angle),
                centre_y + (bottom - top) / 2 * math.sin(angle),
            )
            for angle in angles
        ]
        self.line(points, fill, width)

    def shape(self, points: list[tuple[float, float]], fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def finished(self) -> Image.Image:
        """The picture at its final size, with few colours so that the file is small."""
        small = self._image.reduce(SCALE)
        return small.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _scaled(shape: Shape) -> Shape:
    left, top, right, bottom = shape
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE


def _face(ground: str, colour: str) -> Canvas:
    canvas = Canvas(ground)
    canvas.disc(160, 120, 88, colour)
    return canvas


def _person(canvas: Canvas, x: float, y: float, coat: str, size: float = 1.0) -> None:
    canvas.box((x - 22 * size, y + 16 * size, x + 22 * size, y + 66 * size), coat, 18 * size)
    canvas.disc(x, y, 19 * size, INK)
    canvas.disc(x, y + 4 * size, 15 * size, SKIN)


def mood_happy() -> Canvas:
    """A broad smile."""
    canvas = _face(MINT, GOLD)
    for x in (128, 192):
        canvas.arc((x - 14, 88, x + 14, 116), 190, 350, INK, 7)
    canvas.arc((112, 84, 208, 172), 20, 160, INK, 8)
    for x in (104, 216):
        canvas.disc(x, 138, 12, "#f09b6a")
    return canvas


def mood_calm() -> Canvas:
    """Open eyes and a slight smile."""
    canvas = _face(SKY, GOLD)
    for x in (128, 192):
        canvas.disc(x, 106, 9, INK)
    canvas.arc((122, 104, 198, 160), 35, 145, INK, 8)
    return canvas


def mood_tired() -> Canvas:
    """Half-closed eyes and a straight mouth."""
    canvas = _face(SAND, "#eccb7b")
    for x in (128, 192):
        canvas.arc((x - 16, 92, x + 16, 118), 10, 170, INK, 7)
    canvas.line([(136, 152), (184, 152)], INK, 8)
    return canvas


def mood_upset() -> Canvas:
    """Lowered brows and a mouth turned down."""
    canvas = _face(ROSE, "#eea46c")
    for x in (128, 192):
        canvas.disc(x, 112, 9, INK)
    canvas.line([(110, 88), (140, 98)], INK, 7)
    canvas.line([(210, 88), (180, 98)], INK, 7)
    canvas.arc((122, 142, 198, 196), 215, 325, INK, 8)
    return canvas


def place_registration() -> Canvas:
    """A counter with a clerk behind it."""
    canvas = Canvas(MINT)
    canvas.box((60, 34, 260, 160), PAPER, 14)
    canvas.box((60, 34, 260, 60), JADE, 12)
    _person(canvas, 160, 98, BLUE)
    canvas.box((40, 150, 280, 170), WOOD, 8)
    canvas.box((54, 170, 266, 216), SAND, 4)
    canvas.box((206, 132, 244, 150), INK, 4)
    return canvas


def place_waiting() -> Canvas:
    """Three people on a bench under a clock."""
    canvas = Canvas(SKY)
    canvas.disc(160, 48, 28, PAPER)
    canvas.line([(160, 48), (160, 30)], INK, 4)
    canvas.line([(160, 48), (174, 54)], INK, 4)
    for x, coat in ((92, JADE), (160, CLAY), (228, BLUE)):
        _person(canvas, x, 112, coat)
    canvas.box((46, 170, 274, 184), WOOD, 7)
    for x in (66, 246):
        canvas.box((x, 184, x + 10, 216), WOOD, 3)
    return canvas


def place_examination() -> Canvas:
    """A scanner with its couch."""
    canvas = Canvas(SKY)
    canvas.box((150, 40, 270, 204), PAPER, 40)
    canvas.disc(210, 116, 42, BLUE)
    canvas.disc(210, 116, 32, "#35597d")
    canvas.box((40, 128, 216, 146), GREY, 8)
    canvas.box((52, 112, 190, 130), JADE, 9)
    canvas.disc(66, 112, 15, SKIN)
    canvas.box((76, 146, 96, 204), GREY, 4)
    return canvas


def place_payment() -> Canvas:
    """A self-service machine and a coin."""
    canvas = Canvas(SAND)
    canvas.box((96, 28, 206, 214), BLUE, 14)
    canvas.box((110, 44, 192, 112), PAPER, 8)
    canvas.line([(124, 64), (178, 64)], JADE, 6)
    canvas.line([(124, 80), (164, 80)], GREY, 6)
    canvas.line([(124, 96), (170, 96)], GREY, 6)
    canvas.box((118, 136, 184, 146), INK, 4)
    canvas.box((128, 142, 174, 178), PAPER, 3)
    canvas.disc(240, 168, 32, GOLD)
    canvas.disc(240, 168, 22, "#f8d98c")
    return canvas


def place_pharmacy() -> Canvas:
    """A chest of herb drawers with a mortar before it."""
    canvas = Canvas(MINT)
    canvas.box((48, 28, 272, 172), WOOD, 10)
    for row in range(3):
        for column in range(5):
            left, top = 60 + column * 42, 40 + row * 43
            canvas.box((left, top, left + 34, top + 35), "#c39a6c", 4)
            canvas.disc(left + 17, top + 18, 4, INK)
    canvas.shape([(124, 162), (196, 162), (184, 214), (136, 214)], PAPER)
    canvas.oval((122, 152, 198, 174), GREY)
    canvas.line([(166, 162), (200, 122)], INK, 9)
    return canvas


def decoction() -> Canvas:
    """A clay pot of herbs over a small flame."""
    canvas = Canvas(SAND)
    for x in (132, 160, 188):
        canvas.arc((x - 10, 22, x + 10, 46), 90, 270, GREY, 5)
        canvas.arc((x - 10, 44, x + 10, 68), -90, 90, GREY, 5)
    canvas.oval((88, 92, 232, 196), CLAY)
    canvas.box((104, 84, 216, 104), "#a95a3d", 10)
    canvas.disc(160, 80, 10, "#a95a3d")
    canvas.line([(228, 132), (266, 116)], "#a95a3d", 14)
    canvas.line([(94, 130), (66, 108)], "#a95a3d", 12)
    for x in (134, 160, 186):
        canvas.shape([(x - 11, 218), (x + 11, 218), (x, 190)], GOLD)
    canvas.box((90, 216, 230, 226), INK, 5)
    return canvas


def acupuncture() -> Canvas:
    """A forearm with three fine needles."""
    canvas = Canvas(MINT)
    canvas.box((0, 136, 250, 196), SKIN, 30)
    canvas.disc(250, 164, 38, SKIN)
    for offset in (-22, -4, 14):
        canvas.line([(256, 164 + offset), (302, 156 + offset * 1.3)], SKIN, 15)
    for x in (84, 136, 188):
        canvas.line([(x, 150), (x + 10, 76)], INK, 3)
        canvas.line([(x + 6, 106), (x + 10, 72)], GOLD, 8)
    canvas.box((0, 196, 320, 240), JADE)
    return canvas


def ward() -> Canvas:
    """A made bed beside a window."""
    canvas = Canvas(SKY)
    canvas.box((196, 26, 288, 104), PAPER, 8)
    canvas.box((203, 33, 239, 97), "#a9cbe8", 4)
    canvas.box((245, 33, 281, 97), "#a9cbe8", 4)
    canvas.box((30, 96, 44, 214), WOOD, 5)
    canvas.box((272, 140, 286, 214), WOOD, 5)
    canvas.box((36, 160, 280, 188), PAPER, 6)
    canvas.box((112, 138, 280, 178), JADE, 12)
    canvas.box((48, 136, 106, 164), PAPER, 12)
    canvas.disc(82, 134, 17, SKIN)
    return canvas


def meal() -> Canvas:
    """A tray with rice, a dish of vegetables and chopsticks."""
    canvas = Canvas(SAND)
    canvas.box((32, 54, 288, 206), WOOD, 22)
    canvas.box((42, 64, 278, 196), "#c39a6c", 16)
    canvas.disc(104, 132, 46, PAPER)
    canvas.disc(104, 132, 34, "#efe9da")
    canvas.disc(206, 108, 36, PAPER)
    canvas.disc(206, 108, 26, JADE)
    canvas.disc(196, 102, 8, CLAY)
    canvas.disc(214, 116, 8, GOLD)
    canvas.box((166, 158, 262, 164), INK, 3)
    canvas.box((166, 172, 262, 178), INK, 3)
    return canvas


def ambulance() -> Canvas:
    """An ambulance on its way."""
    canvas = Canvas(ROSE)
    canvas.box((40, 70, 214, 178), PAPER, 14)
    canvas.shape([(206, 96), (252, 96), (284, 140), (284, 178), (206, 178)], PAPER)
    canvas.shape([(216, 106), (248, 106), (270, 138), (216, 138)], "#a9cbe8")
    canvas.box((40, 146, 284, 158), RED)
    canvas.box((116, 84, 132, 138), JADE, 2)
    canvas.box((97, 103, 151, 119), JADE, 2)
    canvas.box((150, 56, 182, 72), BLUE, 6)
    for x in (90, 232):
        canvas.disc(x, 180, 24, INK)
        canvas.disc(x, 180, 10, GREY)
    canvas.box((0, 204, 320, 240), GREY)
    return canvas


def checkup() -> Canvas:
    """A clipboard with a list ticked off."""
    canvas = Canvas(MINT)
    canvas.box((88, 30, 232, 218), WOOD, 14)
    canvas.box((100, 48, 220, 206), PAPER, 6)
    canvas.box((132, 22, 188, 52), INK, 10)
    for y in (80, 116, 152, 186):
        canvas.line([(112, y), (120, y + 8), (132, y - 8)], JADE, 6)
        canvas.line([(146, y), (206, y)], GREY, 7)
    return canvas


def thanks() -> Canvas:
    """A silk banner of thanks, as patients give it."""
    canvas = Canvas(SAND)
    canvas.box((84, 26, 236, 38), WOOD, 6)
    canvas.shape([(100, 38), (220, 38), (220, 184), (160, 214), (100, 184)], RED)
    canvas.line([(112, 48), (112, 178), (160, 202), (208, 178), (208, 48)], GOLD, 4)
    canvas.disc(142, 100, 18, GOLD)
    canvas.disc(178, 100, 18, GOLD)
    canvas.shape([(125, 107), (160, 94), (195, 107), (160, 152)], GOLD)
    return canvas


PICTURES: tuple[Callable[[], Canvas], ...] = (
    mood_happy,
    mood_calm,
    mood_tired,
    mood_upset,
    place_registration,
    place_waiting,
    place_examination,
    place_payment,
    place_pharmacy,
    decoction,
    acupuncture,
    ward,
    meal,
    ambulance,
    checkup,
    thanks,
)


def drawn() -> Iterator[tuple[Path, Image.Image]]:
    """Every picture with the path it is kept at."""
    for picture in PICTURES:
        yield ASSETS / f"{picture.__name__}.png", picture().finished()


def is_same_picture(path: Path, image: Image.Image) -> bool:
    """Whether the file at `path` already shows `image`, pixel for pixel."""
    if not path.exists():
        return False
    with Image.open(path) as kept:
        return kept.convert("RGB").tobytes() == image.convert("RGB").tobytes()


def main() -> None:
    """Draw what is missing or different; print each picture's name in surveys."""
    ASSETS.mkdir(exist_ok=True)
    for path, image in drawn():
        if not is_same_picture(path, image):
            image.save(path, optimize=True)
        print(f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")


if __name__ == "__main__":
    main()
