"""What the environment says, and which secrets stand in no file of ours."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.foundation.environment import Environment, SettingError, logged_in, trail_key
from bot.foundation.trail import Keyring

LEAST = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s3cret"}


def test_everything_has_its_documented_default() -> None:
    found = Environment.read(LEAST)
    assert (found.slack_api_url, found.database_url) == ("https://slack.com/api/", "sqlite:///backout.db")
    assert (found.host, found.port) == ("127.0.0.1", 3000)
    assert (found.config, found.messages) == (Path("config"), Path("messages"))
    assert (found.slack_app_token, found.trail_key, found.alert_secrets) == (None, None, {})


def test_every_variable_is_read() -> None:
    found = Environment.read(
        {
            **LEAST,
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": "http://127.0.0.1:3100/api/",
            "DATABASE_URL": "postgresql://db/backout",
            "HOST": "0.0.0.0",
            "PORT": "8080",
            "BACKOUT_CONFIG": "/etc/backout",
            "BACKOUT_MESSAGES": "/etc/messages",
            "BACKOUT_TRAIL_KEY": "k3y",
            "PATH": "/bin",
        }
    )
    assert found.slack_bot_token.get_secret_value() == "xoxb-1"
    assert found.slack_signing_secret is not None
    assert found.slack_signing_secret.get_secret_value() == "s3cret"
    assert found.slack_app_token is not None
    assert found.slack_app_token.get_secret_value() == "xapp-1"
    assert found.trail_key is not None
    assert found.trail_key.get_secret_value() == "k3y"
    assert (found.slack_api_url, found.database_url) == ("http://127.0.0.1:3100/api/", "postgresql://db/backout")
    assert (found.host, found.port) == ("0.0.0.0", 8080)
    assert (found.config, found.messages) == (Path("/etc/backout"), Path("/etc/messages"))


def test_each_source_has_a_secret_under_its_own_name() -> None:
    found = Environment.read(
        {**LEAST, "BACKOUT_SECRET_MY_SOURCE": "one", "BACKOUT_SECRET_ALERTMANAGER": "two", "BACKOUT_SECRET_EMPTY": ""}
    )
    secrets = {name: secret.get_secret_value() for name, secret in found.alert_secrets.items()}
    assert secrets == {"my-source": "one", "alertmanager": "two"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN: field required"),
        ({"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN: field required"),
        ({**LEAST, "PORT": "web"}, "PORT: input should be a valid integer"),
        ({**LEAST, "PORT": "65536"}, "PORT: input should be less than or equal to 65535"),
        ({**LEAST, "PORT": "-1"}, "PORT: input should be greater than or equal to 0"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET: set it to receive"),
        ({"PORT": "web"}, "SLACK_BOT_TOKEN: field required"),
        ({**LEAST, "BACKOUT_HEARTBEAT_URL": "hc-ping.com/1f2e"}, "BACKOUT_HEARTBEAT_URL: value error, must be an addr"),
        ({**LEAST, "BACKOUT_HEARTBEAT_URL": "https://"}, "BACKOUT_HEARTBEAT_URL"),
    ],
)
def test_what_is_missing_or_wrong_is_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError) as caught:
        Environment.read(variables)
    assert named in str(caught.value)


def test_every_mistake_is_named_at_once_and_no_secret_is_said() -> None:
    with pytest.raises(SettingError) as caught:
        Environment.read({"SLACK_SIGNING_SECRET": "s3cret", "PORT": "web"})
    assert len(str(caught.value).splitlines()) == 2
    assert "s3cret" not in str(caught.value)


def test_socket_mode_needs_no_signing_secret() -> None:
    assert Environment.read({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}).slack_signing_secret is None


def test_no_secret_shows_in_words() -> None:
    """T25."""
    found = Environment.read(
        {
            **LEAST,
            "BACKOUT_SECRET_A": "hidden-1",
            "BACKOUT_TRAIL_KEY": "hidden-2",
            "BACKOUT_HEARTBEAT_URL": "https://x/hidden-3",
        }
    )
    for shown in (repr(found), str(found), found.model_dump_json()):
        assert not any(secret in shown for secret in ("xoxb-1", "s3cret", "hidden-1", "hidden-2", "hidden-3"))


# --- the trail's key --------------------------------------------------------------------------------------------------


def test_a_given_key_is_taken_and_no_file_is_made(tmp_path: Path) -> None:
    assert trail_key(f"sqlite:///{tmp_path}/x.db", SecretStr("k3y")) == (Keyring(b"k3y"), None)
    assert list(tmp_path.iterdir()) == []


def test_a_new_database_gets_a_private_key_beside_it_that_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    key, made = trail_key(url, None, make=True)
    assert made == tmp_path / "x.db.trail-key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(key.at(1)) == 64
    assert trail_key(url, None) == (key, None)
    assert trail_key(f"sqlite:///{tmp_path}/y.db", None, make=True)[0] != key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    _key, made = trail_key(url, None, make=True)
    assert made is not None
    made.chmod(mode)
    with pytest.raises(SettingError, match="chmod 600"):
        trail_key(url, None)


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    """Half a start, or a full disk, must not leave a trail that anybody can sign."""
    path = tmp_path / "x.db.trail-key"
    path.write_text("\n")
    path.chmod(0o600)
    with pytest.raises(SettingError, match="key is empty"):
        trail_key(f"sqlite:///{tmp_path}/x.db", None)


def test_a_database_server_needs_a_key_from_outside() -> None:
    with pytest.raises(SettingError, match="BACKOUT_TRAIL_KEY: set it"):
        trail_key("postgresql://db/backout", None)


def test_who_runs_this_has_a_name_or_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container nobody need have a name; `getpass` then raises."""
    monkeypatch.setenv("LOGNAME", "ops")
    assert logged_in() == "ops"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert logged_in() == "user 4000000000"
