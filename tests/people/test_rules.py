"""Who holds which role, who is on duty, whose account is to be trusted."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.config import Config, fit, read
from bot.people import rules
from bot.people.models import Directory, Hours, Role, Rota, SlackAccount
from tests.people.office import TEAM, at, directory, rota, user
from tests.support.clock import MORNING

MOMENTS = st.datetimes(
    datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2029-01-01"), timezones=st.just(UTC)
)


def _account(name: str = "ann", **flags: Any) -> SlackAccount:
    return SlackAccount(user_id=f"U0{name.upper()}", team_id=TEAM, checked_at=MORNING, **flags)


# --- who is who -------------------------------------------------------------------------------------------------------


def test_people_are_found_by_their_slack_id() -> None:
    office = directory()
    found = rules.person_by_slack(office, "U0CY")
    assert found is not None
    assert (found[0], found[1].name) == ("cy", "Cy")
    assert rules.person_by_slack(office, "U0NOBODY") is None
    assert rules.slack_id(office, "cy") == "U0CY"
    assert (rules.name_of(office, "U0CY"), rules.name_of(office, "U0NOBODY")) == ("Cy", "U0NOBODY")


@pytest.mark.parametrize(
    ("role", "system", "expected"),
    [
        ("owner", "shop", ["ann"]),
        ("owner", "credit", ["cy", "dee"]),
        ("owner", "other", ["cy"]),
        ("owner", None, ["cy", "ann", "dee"]),
        ("lead", "shop", ["cy"]),
        ("on_call", "shop", ["bob", "dee", "eve"]),
        ("nonsense", "shop", []),
    ],
)
def test_a_role_is_held_by_system_else_by_whose_turn_it_is_else_by_everybody_named(
    role: str, system: str | None, expected: list[str]
) -> None:
    """R072, R073: at any moment it is known who has the right."""
    assert rules.holders(directory(), role, system, MORNING) == expected


def test_holdings_say_for_which_systems() -> None:
    held = rules.holdings(directory(), "cy")
    assert [(one.role, one.system) for one in held] == [("owner", None), ("owner", "credit"), ("lead", None)]
    assert rules.stood_in_for(directory(), "ann") == ["cy"]


# --- turns ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-10-01T00:00+00:00", "dee"),  # before the first handover
        ("2026-11-02T07:59+00:00", "dee"),
        ("2026-11-02T08:00+00:00", "dee"),  # 09:00 in Berlin: the first turn begins
        ("2026-11-09T07:59:59+00:00", "dee"),
        ("2026-11-09T08:00+00:00", "eve"),
        ("2026-11-16T08:00+00:00", "bob"),
        ("2026-11-23T08:00+00:00", "dee"),
        ("2027-03-29T06:59+00:00", "bob"),  # summer time has begun: 09:00 in Berlin is 07:00 UTC
        ("2027-03-29T07:00+00:00", "dee"),
    ],
)
def test_turns_are_handed_over_at_the_wall_clock_time_of_their_zone(now: str, expected: str) -> None:
    assert rules.on_duty(turning(rota("dee", "eve", "bob")), at(now)) == expected


def test_a_rota_that_starts_in_the_middle_of_a_week_hands_over_on_its_day() -> None:
    turns = rota("dee", "eve", start=date(2026, 11, 4))
    assert rules.on_duty(turning(turns), at("2026-11-09T08:00+00:00")) == "dee"
    assert rules.on_duty(turning(turns), at("2026-11-16T08:00+00:00")) == "eve"


@given(MOMENTS, st.integers(1, 5), st.sampled_from(["00:00", "02:30", "09:00", "23:59"]))
def test_a_turn_ends_exactly_where_the_next_one_begins(now: datetime, size: int, hour: str) -> None:
    turns = rota(*(f"p{number}" for number in range(size)), at=hour)
    role = turning(turns)
    end, first = rules.duty_ends(role, now), rules.on_duty(role, now)
    assert end is not None
    assert first is not None
    assert end > now
    assert rules.on_duty(role, end - timedelta(seconds=1)) == first
    assert rules.on_duty(role, end) == turns.people[(turns.people.index(first) + 1) % size]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-29T00:29+00:00", "dee"),  # Berlin has no 02:30 this Sunday
        ("2026-03-29T01:29:59+00:00", "dee"),
        ("2026-03-29T01:30+00:00", "eve"),
        ("2026-10-25T00:29:59+00:00", "dee"),  # Berlin has 02:30 twice: the turn changes at the first, 00:30 UTC
        ("2026-10-25T00:30+00:00", "eve"),
        ("2026-10-25T01:30+00:00", "eve"),
    ],
)
def test_a_night_with_a_change_of_the_clock_has_one_handover(now: str, expected: str) -> None:
    """Daylight saving, both ways."""
    sunday = Rota.model_validate(
        {"people": ["dee", "eve"], "zone": "Europe/Berlin", "handover": "sunday", "at": "02:30", "start": "2026-03-22"}
    )
    assert rules.on_duty(turning(sunday), at(now)) == expected


SHIFT = {"person": "bob", "begins": "2026-11-04T20:00+01:00", "ends": "2026-11-05T08:00+01:00"}


@pytest.mark.parametrize(
    ("now", "expected", "ends"),
    [
        ("2026-11-04T18:59+00:00", "dee", "2026-11-04T19:00+00:00"),
        ("2026-11-04T19:00+00:00", "bob", "2026-11-05T07:00+00:00"),
        ("2026-11-05T06:59+00:00", "bob", "2026-11-05T07:00+00:00"),
        ("2026-11-05T07:00+00:00", "dee", "2026-11-09T08:00+00:00"),
    ],
)
def test_a_shift_comes_before_the_turn_and_ends_it(now: str, expected: str, ends: str) -> None:
    role = turning(rota("dee", "eve", "bob"), SHIFT)
    assert rules.on_duty(role, at(now)) == expected
    assert rules.duty_ends(role, at(now)) == at(ends)
    everybody = rules.holders(directory(on_call=role), "on_call", None, at(now))
    assert everybody[0] == expected
    assert sorted(everybody) == ["bob", "dee", "eve"]


def test_of_two_shifts_at_once_the_one_said_last_counts() -> None:
    role = turning(rota("dee", "eve", "bob"), SHIFT, {**SHIFT, "person": "eve"})
    assert rules.on_duty(role, at("2026-11-04T22:00+00:00")) == "eve"


def test_members_of_a_group_hold_its_role_as_far_as_they_stand_in_the_directory() -> None:
    asked = directory(crew=Role(title="Crew", group="S0CREW"))
    assert rules.holders(asked, "crew", None, at("2026-11-04T22:00+00:00")) == []
    known = rules.as_of_now(asked, {"S0CREW": ["U0BOB", "U0STRANGER", "U0ANN"]}, [])
    assert rules.holders(known, "crew", "shop", at("2026-11-04T22:00+00:00")) == ["bob", "ann"]
    assert len(rules.holders(rules.assumed(asked), "crew", None, at("2026-11-04T22:00+00:00"))) == 5


@pytest.mark.parametrize(
    ("written", "length"),
    [("4h", 240), ("90m", 90), ("2D", 2880), ("4", None), ("h", None), ("-4h", None), ("4 h", None), ("", None)],
)
def test_lengths_of_time_as_people_type_them(written: str, length: int | None) -> None:
    assert rules.length_of(written) == (timedelta(minutes=length) if length is not None else None)


@pytest.mark.parametrize("written", ["bob", "@Bob", "BOB", "U0BOB", "<@U0BOB>", "<@U0BOB|bob>", "me"])
def test_people_are_known_by_key_name_handle_and_mention(written: str) -> None:
    assert rules.person_named(directory(), written, "U0BOB") == "bob"
    assert rules.person_named(directory(), "zoe", "U0BOB") is None
    assert rules.person_named(directory(), "me", "U0ZOE") is None


def turning(turns: Rota, *shifts: dict[str, str]) -> Role:
    return Role.model_validate({"title": "On call", "rota": turns.model_dump(), "shifts": list(shifts)})


BERLIN = {"days": ["monday", "friday"], "begins": "09:00", "ends": "17:00", "holidays": "DE-BE"}
NIGHT = {"days": ["saturday"], "begins": "22:00", "ends": "06:00"}


@pytest.mark.parametrize(
    ("hours", "now", "works"),
    [
        (BERLIN, "2026-11-02T07:59+00:00", False),
        (BERLIN, "2026-11-02T08:00+00:00", True),
        (BERLIN, "2026-11-02T15:59+00:00", True),
        (BERLIN, "2026-11-02T16:00+00:00", False),
        (BERLIN, "2026-11-03T10:00+00:00", False),  # a Tuesday
        (BERLIN, "2026-12-25T10:00+00:00", False),  # a Friday, and Christmas Day
        (BERLIN, "2026-03-30T07:00+00:00", True),  # the first Monday of summer time: 09:00 in Berlin is 07:00 UTC
        (BERLIN, "2026-10-26T07:59+00:00", False),  # and of winter time
        (BERLIN, "2026-10-26T08:00+00:00", True),
        (NIGHT, "2026-11-07T21:00+00:00", True),
        (NIGHT, "2026-11-08T04:59+00:00", True),  # Sunday, but the shift began on Saturday
        (NIGHT, "2026-11-08T05:00+00:00", False),
        (NIGHT, "2026-11-07T04:00+00:00", False),  # Saturday, but this would be Friday's shift
        (None, "2026-11-08T05:00+00:00", True),
    ],
)
def test_hours_are_by_the_clock_of_who_works_them(hours: dict[str, Any] | None, now: str, works: bool) -> None:
    known = directory()
    ann = known.people["ann"].model_copy(update={"hours": Hours.model_validate(hours) if hours else None})
    known = known.model_copy(update={"people": {**known.people, "ann": ann}})
    assert rules.is_at_work(known, "ann", at(now)) is works


def test_who_does_not_work_is_asked_last_and_is_still_asked() -> None:
    """R084: working hours decide whom to ask first, never whether."""
    asked = directory(crew=Role(title="Crew", people=["ann", "bob", "dee"]))
    away = rules.as_of_now(asked, {}, [], ["U0ANN"])
    assert rules.holders(away, "crew", None, at("2026-11-02T10:00+00:00")) == ["bob", "dee", "ann"]
    off = rules.as_of_now(asked, {}, [], ["U0DEE"])
    assert rules.holders(off, "on_call", None, at("2026-11-02T10:00+00:00")) == ["dee", "eve", "bob"]


@given(st.sets(st.sampled_from(["U0ANN", "U0BOB", "U0CY", "U0DEE", "U0EVE"])), MOMENTS)
def test_nobody_is_lost_or_gained_by_being_away(away: set[str], now: datetime) -> None:
    """R084."""
    known = directory()
    for role in known.roles:
        usual, then = (rules.holders(one, role, None, now) for one in (known, rules.as_of_now(known, {}, [], away)))
        assert sorted(usual) == sorted(then)


# --- trust ------------------------------------------------------------------------------------------------------------

REFUSALS = {
    "missing": (None, TEAM, rules.UNCHECKED),
    "another team": (_account(), "T0OTHER", "Backout serves the Slack workspace Office only. Act from there."),
    "no team": (_account(), None, "Backout serves the Slack workspace Office only. Act from there."),
    "bot": (_account(is_bot=True), TEAM, rules.BOT),
    "deactivated": (_account(is_deleted=True), TEAM, rules.DEACTIVATED),
    "guest": (_account(is_guest=True), TEAM, rules.GUEST),
    "foreign": (
        _account(is_foreign=True),
        TEAM,
        "Your Slack account belongs to another organisation. Act from an account of Office.",
    ),
    "stranger": (_account("zoe"), TEAM, rules.STRANGER),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_each_kind_of_doubt_has_its_own_words(kind: str) -> None:
    """R072 and threats T3, T4: what is not known to be plain is not trusted."""
    account, team, words = REFUSALS[kind]
    assert rules.why_not_trusted(directory(), account, team) == words
    assert len({words for _account, _team, words in REFUSALS.values()}) == len(REFUSALS) - 1


def test_a_plain_account_of_the_directory_is_trusted() -> None:
    assert rules.why_not_trusted(directory(), _account(), TEAM) is None


@given(
    st.none() | st.builds(_account, st.sampled_from(["ann", "zoe"]), is_deleted=st.booleans(), is_bot=st.booleans()),
    st.sampled_from([TEAM, "T0OTHER", "", None]),
)
def test_trust_fails_closed(account: SlackAccount | None, team: str | None) -> None:
    """Threat T4: only one state of all is trusted."""
    plain = account is not None and account.user_id == "U0ANN" and not account.is_deleted and not account.is_bot
    assert (rules.why_not_trusted(directory(), account, team) is None) == (plain and team == TEAM)


def test_a_stranger_is_told_so_even_before_their_account_was_checked() -> None:
    assert rules.why_not_identified(directory(), "U0ZOE", None, TEAM) == rules.STRANGER
    assert rules.why_not_identified(directory(), "U0ANN", None, TEAM) == rules.UNCHECKED


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ({"deleted": True}, "is_deleted"),
        ({"is_bot": True}, "is_bot"),
        ({"id": "USLACKBOT"}, "is_bot"),
        ({"is_restricted": True}, "is_guest"),
        ({"is_ultra_restricted": True}, "is_guest"),
        ({"is_stranger": True}, "is_foreign"),
        ({"team_id": "T0OTHER"}, "is_foreign"),
        ({"team_id": None}, "is_foreign"),
    ],
)
def test_slacks_description_of_an_account_is_read(said: dict[str, Any], flag: str) -> None:
    facts = rules.account_facts(user("ann", **said), TEAM)
    flags = ("is_deleted", "is_bot", "is_guest", "is_foreign")
    assert {name: facts[name] for name in flags} == {name: name == flag for name in flags}


def test_a_member_of_our_workspace_in_a_grid_is_not_foreign() -> None:
    said = user("ann", team_id="E0GRID", enterprise_user={"teams": ["T0OTHER", TEAM]})
    assert rules.account_facts(said, TEAM)["is_foreign"] is False


# --- checks -----------------------------------------------------------------------------------------------------------

GOOD = """\
team: {slack: T0MERIDIAN, name: Meridian}
people:
  maya:
    slack: U0MAYA0001
    name: Maya
    title: Owner
    zone: UTC
    deputy: jonas
  jonas:
    slack: U0JONAS002
    name: Jonas
    title: Engineer
    zone: UTC
roles:
  owner:
    title: Owner
    people: [maya]
    by_system:
      shop: [jonas]
  on_call:
    title: On call
    rota:
      people: [maya, jonas]
      zone: UTC
      handover: monday
      at: "09:00"
      start: 2026-11-02
"""


def _checked(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    file = tmp_path / "people.yaml"
    file.write_text(text)
    document = read(file)
    config = Config({Directory: fit(document, Directory)}, {Directory: document})
    return [(problem.line, problem.what) for problem in rules.checks(config)]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words"),
    [
        ("deputy: jonas", "deputy: maya", 8, "maya is their own deputy"),
        ("deputy: jonas", "deputy: jonass", 8, "maya's deputy “jonass” is not one of the people"),
        ("U0JONAS002", "U0MAYA0001", 10, "jonas has the same Slack id as maya (U0MAYA0001)"),
        (
            "slack: U0JONAS002",
            "slack: U0JONAS002\n    accounts: [U0MAYA0001]",
            11,
            "jonas has the same Slack id as maya",
        ),
        (
            "slack: U0MAYA0001",
            "slack: U0MAYA0001\n    accounts: [U0X, U0X]",
            5,
            "maya has the same Slack id as maya (U0X)",
        ),
        ("people: [maya]\n", "people: [mya]\n", 17, "“mya” holds the role owner, but is not one of the people"),
        ("people: [maya]\n", "people: [maya, maya]\n", 17, "maya stands there 2 times for owner"),
        ("shop: [jonas]", "shop: []", 19, "nobody holds the role owner for shop"),
        ("shop: [jonas]", "shop: [jo]", 19, "“jo” holds the role owner, but is not one of the people"),
        ("people: [maya, jonas]", "people: [maya, eva]", 23, "“eva” holds the role on_call"),
        ("    rota:\n", "    people: [maya]\n    rota:\n", 22, "on_call has people and a rota"),
        ('at: "09:00"', 'at: "09:00Z"', 26, "the handover of on_call has a time zone of its own"),
        ("roles:\n", "roles:\n  empty:\n    title: Empty\n", 15, "nobody holds the role empty"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, line: int, words: str) -> None:
    """R158: a team edits its own people and is told what is wrong where."""
    assert right in GOOD
    ((found_line, what),) = _checked(tmp_path, GOOD.replace(right, wrong, 1))
    assert found_line == line
    assert words in what


def test_the_shipped_directory_has_no_mistake(tmp_path: Path) -> None:
    assert _checked(tmp_path, Path("config/people.yaml").read_text()) == []
    assert _checked(tmp_path, GOOD) == []
