"""What the environment says: addresses, and the secrets that stand in no file of ours."""

import getpass
import json
import logging
import os
import re
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.foundation.db import sqlite_file
from bot.foundation.errors import BackoutError
from bot.foundation.ids import RandomIds
from bot.foundation.trail import Keyring

log = logging.getLogger(__name__)
SECRET_PREFIX = "BACKOUT_SECRET_"  # noqa: S105 - the name of a variable

WEB_ADDRESS = re.compile(r"https?://[^\s/]+\S*")


class SettingError(BackoutError):
    """A variable is missing or wrong; the message names it and says what to set."""


def _web_address(given: SecretStr | None) -> SecretStr | None:
    if given and not WEB_ADDRESS.fullmatch(given.get_secret_value()):
        raise ValueError("must be an address that begins with https:// or http://")
    return given


class Environment(BaseModel):
    """Every variable that Backout reads (`README.md` lists them)."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    slack_bot_token: Annotated[SecretStr, Field(alias="SLACK_BOT_TOKEN")]
    slack_signing_secret: Annotated[SecretStr | None, Field(alias="SLACK_SIGNING_SECRET")] = None
    slack_app_token: Annotated[SecretStr | None, Field(alias="SLACK_APP_TOKEN")] = None
    slack_api_url: Annotated[str, Field(alias="SLACK_API_URL")] = "https://slack.com/api/"
    database_url: Annotated[str, Field(alias="DATABASE_URL")] = "sqlite:///backout.db"
    host: Annotated[str, Field(alias="HOST")] = "127.0.0.1"
    port: Annotated[int, Field(alias="PORT", ge=0, le=65535)] = 3000
    config: Annotated[Path, Field(alias="BACKOUT_CONFIG")] = Path("config")
    messages: Annotated[Path, Field(alias="BACKOUT_MESSAGES")] = Path("messages")
    trail_key: Annotated[SecretStr | None, Field(alias="BACKOUT_TRAIL_KEY")] = None
    heartbeat_url: Annotated[SecretStr | None, AfterValidator(_web_address), Field(alias="BACKOUT_HEARTBEAT_URL")] = (
        None
    )
    smtp_password: Annotated[SecretStr | None, Field(alias="BACKOUT_SMTP_PASSWORD")] = None
    alert_secrets: dict[str, SecretStr] = {}

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Read the environment.

        Raises:
            SettingError: naming each variable that is missing or wrong.
        """
        given = {name: value for name, value in variables.items() if value}
        secrets = {
            name.removeprefix(SECRET_PREFIX).lower().replace("_", "-"): SecretStr(value)
            for name, value in given.items()
            if name.startswith(SECRET_PREFIX)
        }
        try:
            environment = cls.model_validate({**given, "alert_secrets": secrets})
        except ValidationError as error:
            lines = [f"{detail['loc'][0]}: {str(detail['msg']).lower()}" for detail in error.errors()]
            raise SettingError("\n".join(lines)) from None
        if not environment.slack_app_token and not environment.slack_signing_secret:
            raise SettingError(
                "SLACK_SIGNING_SECRET: set it to receive Slack's requests over HTTP, or SLACK_APP_TOKEN for Socket Mode"
            )
        return environment


def logged_in() -> str:
    """Return who runs this on this machine, for the record; in a container often only a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def trail_key(url: str, given: SecretStr | None, *, make: bool = False) -> tuple[Keyring, Path | None]:
    """Return the trail's key: the first one as given, or what stands in the file beside an SQLite database.

    The file holds the key of the newest epoch only: whenever the key evolves, the file is replaced and the last key is
    gone. What is given is the first epoch's key, and stays wherever it came from.

    Args:
        url: The database's.
        given: What BACKOUT_TRAIL_KEY says.
        make: The trail has not begun: make a key where there is none.

    Returns:
        The key, and the file's path when it was made just now (to be said aloud).

    Raises:
        SettingError: for a database server without BACKOUT_TRAIL_KEY, or a key file that is missing, empty, not a key,
            or that others may read.
    """
    if given:
        return Keyring(given.get_secret_value().encode()), None
    database = sqlite_file(url)
    if database is None:
        raise SettingError("BACKOUT_TRAIL_KEY: set it (any long random text); without it nobody can check the trail")
    path = database.with_name(f"{database.name}.trail-key")
    if not path.exists() and not make:
        raise SettingError(f"{path}: the trail's key is missing; put it back from your copy, or set BACKOUT_TRAIL_KEY")
    made = None if path.exists() else path
    if made:
        _write_private(path, RandomIds().salt().hex() + RandomIds().salt().hex())
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingError(f"{path}: others may read the trail's key; run: chmod 600 {path}")
    return _kept_key(path, path.read_bytes()), made


def _kept_key(path: Path, text: bytes) -> Keyring:
    """Read a key file: the first key as it is, a later one with its epoch and the first public key."""
    if not text.strip():
        raise SettingError(f"{path}: the trail's key is empty; put the key back, or remove the file of a new database")
    forgotten = partial(_replace_key, path)
    if not text.startswith(b"{"):
        return Keyring(text, forgotten=forgotten)
    try:
        said = json.loads(text)
        key, first = bytes.fromhex(said["key"]), bytes.fromhex(said["first_public"])
        return Keyring(key, int(said["epoch"]), first_public=first, forgotten=forgotten)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"{path}: this is not a key of the trail; put it back from your copy") from error


def _replace_key(path: Path, keys: Keyring) -> None:
    """Put the newest epoch's key into the place of the last one, durably: the last one must not come back."""
    first = keys.first_public.hex() if keys.first_public else ""
    text = json.dumps({"epoch": keys.epoch, "key": keys.at(keys.epoch).hex(), "first_public": first})
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        _write_private(new, text)
        new.replace(path)
    except OSError:  # the trail goes on: the old file still leads to every later key
        log.exception("the trail's last key is still in %s: it could not be replaced", path)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
