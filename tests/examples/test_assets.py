"""The demo pictures are what their script draws."""

from examples.make_assets import ASSETS, HEIGHT, PICTURES, WIDTH, drawn, is_same_picture


def test_every_kept_picture_is_what_the_script_draws() -> None:
    for path, image in drawn():
        assert image.size == (WIDTH, HEIGHT)
        assert is_same_picture(path, image), path.name


def test_no_other_files_are_kept_and_all_are_small() -> None:
    files = list(ASSETS.iterdir())
    assert {path.stem for path in files} == {picture.__name__ for picture in PICTURES}
    assert sum(path.stat().st_size for path in files) < 400_000
