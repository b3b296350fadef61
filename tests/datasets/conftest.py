"""A stand-in for figshare on the loopback, which misbehaves as it is told."""

import hashlib
import io
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Figshare:
    """What the server has, how it misbehaves, and what it was asked."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.primary, self.secondary = (
            rng.integers(0, 100, (250_000, n), dtype=np.int8) for n in (3, 2)
        )
        self.files = {
            "s1_test.npy": npy(self.primary),
            "s2_test.npy": npy(self.secondary),
            "s1_wavelengths.npy": npy(np.array([250.0, 251.0, 252.0])),
            "s2_wavelengths.npy": npy(np.array([260.0, 261.0])),
            "s1_train.npy": b"never asked for",
            "readme.txt": b"never asked for either",
        }
        self.md5 = {}
        self.breaks = {}  # bytes to send before the line breaks, by name, in turn
        self.has_ranges = True
        self.status = 200
        self.asked = []

    def listing(self):
        return [
            {
                "id": i,
                "name": name,
                "size": len(content),
                "computed_md5": self.md5.get(name, hashlib.md5(content).hexdigest()),
                "download_url": "http://turns.programs.away",
            }
            for i, (name, content) in enumerate(self.files.items())
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, content, length, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def do_GET(self):
        figshare = self.server.figshare
        if "/articles/20713504/files" in self.path:
            content = json.dumps(figshare.listing()).encode()
            return self.answer(200, content, len(content))
        name = list(figshare.files)[int(self.path.rpartition("/")[2])]
        content = figshare.files[name]
        asked = self.headers.get("Range")
        figshare.asked.append((name, asked))
        if figshare.status != 200:
            return self.answer(figshare.status, b"", 0)
        start, status, headers = 0, 200, {}
        if asked and figshare.has_ranges:
            start, status = int(asked[len("bytes=") : -1]), 206
            total = len(content)
            headers["Content_Range"] = f"bytes {start}-{total - 1}/{total}"
        rest = content[start:]
        breaks = figshare.breaks.get(name, [])
        sent = rest[: breaks.pop(0)] if breaks else rest
        return self.answer(status, sent, len(rest), **headers)


@pytest.fixture
def figshare(monkeypatch):
    adapters = pytest.importorskip("requests").adapters
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.figshare = Figshare()
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    here, send = f"http://127.0.0.1:{server.server_port}", adapters.HTTPAdapter.send

    def send_here(adapter, request, **options):
        assert request.url.startswith("https://api.figshare.com/")
        request.url = request.url.replace("https://api.figshare.com", here)
        return send(adapter, request, **(options | {"proxies": {}}))

    monkeypatch.setattr(adapters.HTTPAdapter, "send", send_here)
    yield server.figshare
    server.shutdown()
    server.server_close()
    thread.join()
