"""Settings come from the environment once, and every fault is named at once."""

from pathlib import Path

import pytest

from runtime.kit.settings import SettingsError, read_settings


def faults(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"HUISHENG_{name}": value for name, value in environ.items()})
    return str(caught.value)


def test_with_nothing_set_everything_has_a_default() -> None:
    settings = read_settings({})
    assert settings.port == 8000
    assert settings.database_url is None
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.channels == ("web", "kiosk", "miniprogram", "staff")
    assert settings.data_dir == Path("var").absolute()


def test_every_fault_is_named_at_once() -> None:
    told = faults(PORT="90000", DATABASE_URL="mysql://x", WORKERS="none", LOG_LEVEL="loud")
    for name in (
        "HUISHENG_PORT",
        "HUISHENG_DATABASE_URL",
        "HUISHENG_WORKERS",
        "HUISHENG_LOG_LEVEL",
    ):
        assert name in told


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:p@db/huisheng\n", encoding="utf-8")
    settings = read_settings({"HUISHENG_DATABASE_URL_FILE": str(secret)})
    assert settings.database_url == "postgresql://u:p@db/huisheng"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    told = faults(DATABASE_URL_FILE=str(tmp_path / "absent"))
    assert "HUISHENG_DATABASE_URL" in told
    assert "absent" in told


def test_a_setting_given_twice_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1", encoding="utf-8")
    assert "both set" in faults(PORT="8001", PORT_FILE=str(tmp_path / "port"))


def test_a_misspelt_setting_is_a_fault() -> None:
    assert "HUISHENG_DATABSE_URL is no setting" in faults(DATABSE_URL="postgresql://x")


def test_production_names_everything_that_it_needs() -> None:
    told = faults(ENVIRONMENT="production")
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "ENVELOPE_KEY"):
        assert f"HUISHENG_{name} must be set in production." in told


def test_channels_are_a_subset_in_a_fixed_order() -> None:
    assert read_settings({"HUISHENG_CHANNELS": "kiosk, web"}).channels == ("web", "kiosk")
    assert "HUISHENG_CHANNELS" in faults(CHANNELS="fax")


@pytest.mark.parametrize(
    "origin", ["www.example.cn", "https://a.cn/path", "ftp://a.cn", "http://[", "https://a:b"]
)
def test_an_embedding_site_is_an_origin(origin: str) -> None:
    assert "HUISHENG_EMBED_ORIGINS" in faults(EMBED_ORIGINS=f"https://ok.cn,{origin}")


def test_secrets_do_not_show_in_messages() -> None:
    assert "hunter2" not in faults(SECRET_KEY="hunter2", DATABASE_URL="mysql://u:hunter2@x")
