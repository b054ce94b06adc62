"""A proxy in front of a Prefect server. It delays and counts requests, enforces a rate limit, and records writes."""

import http.client
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler


class Proxy(socketserver.ThreadingTCPServer):
    """Listens on a free loopback port until the `with` block ends.

    `seen` has the method, the path, the start and the end of each request.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port, delay=0.0, per_minute=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.delay = port, delay
        self.requests, self.writes = 0, []
        self.seen = []
        self.bucket = Bucket(per_minute) if per_minute else None
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/api"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Ignores disconnected clients."""


class Bucket:
    """Limits requests per minute, with bursts of up to five seconds' worth of requests."""

    def __init__(self, per_minute):
        self.rate = per_minute / 60
        self.most = self.left = 5 * self.rate
        self.filled = time.monotonic()

    def wait(self):
        """Admits a request, or returns the seconds until one can be admitted."""
        now = time.monotonic()
        self.left = min(self.most, self.left + (now - self.filled) * self.rate)
        self.filled = now
        if self.left < 1:
            return (1 - self.left) / self.rate
        self.left -= 1
        return 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        self.upstream = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=300)

    def finish(self):
        self.upstream.close()
        super().finish()

    def log_message(self, *_):
        pass

    def forward(self):
        started = time.monotonic()
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(self.server.delay)
        if wait := self.refused():
            return self.refuse(wait)
        headers = {}
        for name, value in self.headers.items():
            if name.lower() != "host":
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self.upstream.request(self.command, self.path, body or None, headers)
        answer = self.upstream.getresponse()
        content = answer.read()
        if answer.status == 503:
            self.upstream.close()  # the server closes the connection without announcing it
        self.record(answer.status, body, started)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("content-length", answer.headers.get("content-length", "0"))
        elif answer.status != 204:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refused(self):
        with self.server.lock:
            return self.server.bucket.wait() if self.server.bucket else 0

    def refuse(self, wait):
        with self.server.lock:
            self.server.requests += 1
        self.send_response_only(429)
        self.send_header("retry-after", str(max(1, round(wait))))
        self.send_header("content-length", "0")
        self.end_headers()

    def record(self, status, body, started):
        server = self.server
        with server.lock:
            server.requests += 1
            server.seen.append((self.command, self.path, started, time.monotonic()))
            if self.command != "GET" and not self.path.endswith("/filter"):
                server.writes.append((self.command, self.path, body, status, started, time.monotonic()))

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = forward
