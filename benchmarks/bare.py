"""A route that does nothing with what it takes: what the load reaches at most (`python -m benchmarks.bare PORT`)."""

import sys
from typing import Any

import uvicorn

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with 202 once its body is there."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


if __name__ == "__main__":
    uvicorn.run(application, port=int(sys.argv[1]), loop="uvloop", log_config=None, access_log=False, lifespan="off")
