"""A loopback proxy before the emulator: it counts what changes something, and can strike at any of it."""

import http.client
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

READS = ("Describe", "Get", "List", "BatchGet", "AssumeRole", "Simulate")

DENIED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not allowed to look</Message>"
    b"</Error><RequestId>denied-1</RequestId></ErrorResponse>"
)


class Proxy:
    """Forwards requests. When the n-th change has taken effect it calls `strike(n, action)`; where
    that returns true the caller never gets the answer. Requests of the service `deny` are refused, those
    of the services, or of the actions, in `refuse` with its `(status, headers, content)`, and the first
    `broken` connections are closed before anything is answered. Every other request meets the `fault`, one
    of `faults`."""

    def __init__(
        self, url, strike=lambda number, action: False, deny=None, refuse=None, broken=0,
        fault=lambda service, action, forward: forward(),
    ):
        self._target = urlsplit(url).netloc
        self._strike = strike
        self._fault = fault
        self._refuse = {deny: (403, [("Content-Type", "text/xml")], DENIED)} if deny else refuse or {}
        self.broken = broken
        self._lock = threading.Lock()
        self._under_way = 0
        self.requests = 0  # that reached the emulator
        self.changes = []  # the actions that changed something, in order

    def __enter__(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                proxy._count(+1)
                try:
                    proxy._handle(self)
                finally:
                    proxy._count(-1)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = forward

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the caller was killed, or its connection cut, on purpose

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        deadline = time.monotonic() + 30
        while self._under_way and time.monotonic() < deadline:
            time.sleep(0.01)
        self._server.shutdown()
        self._server.server_close()

    def _count(self, step):
        with self._lock:
            self._under_way += step

    def _handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if self.broken:
            self.broken -= 1
            request.close_connection = True
            return
        service = service_of(request.headers)
        action = action_of(request.command, request.path, request.headers, body)
        if refusal := self._refuse.get(service) or self._refuse.get(action):
            return _answer(request, *refusal)
        answer = self._fault(service, action, lambda: self._take_effect(request, action, body))
        if answer is None:
            request.close_connection = True
        else:
            _answer(request, *answer)

    def _take_effect(self, request, action, body):
        """The answer; none, if the caller shall never get it."""
        self.requests += 1
        answer = self._forward(request, body)
        if answer[0] < 400 and not action.startswith(READS):
            with self._lock:
                self.changes.append(action)
                number = len(self.changes)
            if self._strike(number, action):
                return None
        return answer

    def _forward(self, request, body):
        upstream = http.client.HTTPConnection(self._target, timeout=60)
        try:
            headers = {k: v for k, v in request.headers.items() if k.lower() != "connection"}
            upstream.request(request.command, request.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


def _answer(request, status, headers, content):
    request.send_response(status)
    for name, value in headers:
        if name.lower() not in ("connection", "content-length", "transfer-encoding", "server", "date"):
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)


def service_of(headers):
    """The service that a request was signed for."""
    return headers.get("Authorization", "").partition("/aws4_request")[0].rpartition("/")[2]


def action_of(method, path, headers, body):
    """The API action's name, or for REST protocols the HTTP method as one that reads or changes."""
    if target := headers.get("X-Amz-Target"):
        return target.split(".")[-1]
    if operation := re.search(r"/operation/(\w+)$", path):
        return operation[1]
    if action := re.match(rb"(?:.*&)?Action=(\w+)", body, re.S):
        return action[1].decode()
    return "Get" if method in ("GET", "HEAD") else method.capitalize()
