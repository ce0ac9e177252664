"""users.*, usergroups.*, auth.test, bots.info, api.test: who is who."""

from bot.workspace import wire
from bot.workspace.methods.request import ApiError, Request
from bot.workspace.state import Json, User


def api_test(request: Request) -> Json:
    """api.test: the arguments come back."""
    if request.text("error"):
        raise ApiError(request.text("error"), args=request.args)
    return {"args": request.args}


def auth_test(request: Request) -> Json:
    """auth.test: whose token this is."""
    team = request.store.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": team.app_name.lower(),
        "team_id": team.id,
        "user_id": team.bot_user,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


def bot_info(request: Request) -> Json:
    """bots.info: the app behind a bot id."""
    team = request.store.team
    if request.text("bot", team.bot_id) != team.bot_id:
        raise ApiError("bot_not_found")
    bot = {"id": team.bot_id, "deleted": False, "name": team.app_name, "app_id": team.app_id, "user_id": team.bot_user}
    return {"bot": bot}


def info(request: Request) -> Json:
    """users.info."""
    if request.text("user") == request.store.team.bot_user:
        return {"user": _described(request, _bot(request))}
    return {"user": _described(request, request.person())}


def list_users(request: Request) -> Json:
    """users.list: everybody, deactivated people and bots included."""
    everybody = [_described(request, person) for person in (*request.store.people.values(), _bot(request))]
    page, cursor = request.page(everybody, default_limit=1000)
    return {
        "members": page,
        "cache_ts": int(request.store.now().timestamp()),
        "response_metadata": {"next_cursor": cursor},
    }


def presence(request: Request) -> Json:
    """users.getPresence."""
    return {"presence": request.person().presence}


def group_users(request: Request) -> Json:
    """usergroups.users.list: ids of a user group's members."""
    group = request.store.groups.get(request.needed("usergroup"))
    if group is None or (group.disabled and not request.flag("include_disabled")):
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def _described(request: Request, person: User) -> Json:
    return wire.user(request.store, person, with_email="users:read.email" in request.scopes)


def _bot(request: Request) -> User:
    team = request.store.team
    return User(team.bot_user, team.app_name.lower(), team.app_name, is_bot=True, team_id=team.id)
