"""Scripted faults: what goes wrong, for which calls or deliveries, and how often.

For calls of the Web API (`method`, `*` for all):

    rate_limited          429 with `Retry-After: retry_after` (default 1); nothing done
    ratelimited_body      the same error in a 200 answer, without the header
    server_error          `status` (default 503); nothing done
    html                  a page of HTML with status 200; nothing done
    refuse                `{"ok": false, "error": error}`
    accepted_reply_lost   done, then the connection is cut before a byte of the answer
    accepted_then_timeout done, then no answer until the caller gives up
    timeout               not done, and no answer until the caller gives up
    cut                   not done, and the connection is cut

For deliveries to the app (`delivery`: command, block_actions, view_submission, view_closed, message_action, shortcut,
event, `*`):

    duplicate             sent twice, the same bytes
    late                  spent `seconds` (default 301) on the road: signature and trigger are that old on arrival
    lost                  never arrives
    forged                signed with a wrong secret
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args
from typing import Literal as Word

from bot.workspace.state import Json

CallFault = Word[
    "rate_limited",
    "ratelimited_body",
    "server_error",
    "html",
    "refuse",
    "accepted_reply_lost",
    "accepted_then_timeout",
    "timeout",
    "cut",
]
DeliveryFault = Word["duplicate", "late", "lost", "forged"]
Match = Callable[[Json], bool]


@dataclass
class Fault:
    """One scripted fault; `left` is how often it still strikes (None: until removed)."""

    target: str
    kind: str
    left: int | None
    match: Match | None = None
    options: dict[str, Any] = field(default_factory=dict)
    struck: int = 0


class Faults:
    """The faults in force. Of several that fit, the one added first strikes."""

    def __init__(self) -> None:
        self._calls: list[Fault] = []
        self._deliveries: list[Fault] = []
        self.outage = False
        """While True every call is answered 503, sockets cannot be opened and nothing is delivered."""

    def add(
        self,
        *,
        kind: CallFault | DeliveryFault,
        method: str | None = None,
        delivery: str | None = None,
        times: int | None = 1,
        match: Match | None = None,
        **options: Any,
    ) -> Fault:
        """Script a fault for a `method` or a `delivery`.

        Args:
            kind: What goes wrong; see the module's table.
            method: Web API method, or `*`.
            delivery: Kind of delivery, or `*`.
            times: How often; None for always.
            match: Only calls whose arguments, or deliveries whose payload, it accepts.
            options: `retry_after`, `status`, `error`, `seconds`.

        Raises:
            ValueError: `kind` does not fit, or not exactly one of `method` and `delivery` is given.
        """
        if (method is None) == (delivery is None):
            raise ValueError("say either method or delivery")
        if kind not in get_args(CallFault if method is not None else DeliveryFault):
            raise ValueError(f"{kind!r} is no fault of a {'call' if method is not None else 'delivery'}")
        fault = Fault(method or delivery or "*", kind, times, match, options)
        (self._calls if method is not None else self._deliveries).append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a fault out of force."""
        for faults in (self._calls, self._deliveries):
            if fault in faults:
                faults.remove(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._calls.clear()
        self._deliveries.clear()
        self.outage = False

    def for_call(self, method: str, args: Json) -> Fault | None:
        """The fault that strikes this call, used up once."""
        if self.outage:
            return Fault("*", "server_error", None, options={"status": 503})
        return _strike(self._calls, method, args)

    def for_delivery(self, kind: str, payload: Json) -> Fault | None:
        """The fault that strikes this delivery, used up once."""
        if self.outage:
            return Fault("*", "lost", None)
        return _strike(self._deliveries, kind, payload)


def _strike(faults: list[Fault], target: str, facts: Json) -> Fault | None:
    for fault in faults:
        if fault.target in ("*", target) and fault.left != 0 and (fault.match is None or fault.match(facts)):
            fault.struck += 1
            fault.left = None if fault.left is None else fault.left - 1
            return fault
    return None
