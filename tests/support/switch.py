"""A dead man's switch: a real HTTP server that notes each heartbeat."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Switch:
    """A dead man's switch: an HTTP server that notes what it is sent."""

    def __init__(self, status: int = 200, silent: threading.Event | None = None) -> None:
        self.requests: list[tuple[str, str, str]] = []
        switch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                switch.requests.append((self.path, str(self.headers), body.decode()))
                if silent:
                    silent.wait()
                self.send_response(status)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_given: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/ping/1f2e"

    @contextmanager
    def open(self) -> Iterator["Switch"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
