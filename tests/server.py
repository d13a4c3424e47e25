"""A web server on this machine that serves bytes and misbehaves on demand, for the tests of downloads."""

import http.server
import re
import threading


class Server:
    """Serves `files` ({path: bytes}); `faults` ({path: list of functions of the handler}) are used up one a request."""

    def __init__(self, files=None):
        self.files, self.faults, self.requests = dict(files or {}), {}, []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner._answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *request: None  # a client that was interrupted hangs up: that is the test
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._http.shutdown()
        self._http.server_close()

    def ranges(self, path):
        """The Range headers (or None) of the requests for a path so far."""
        return [asked for where, asked in self.requests if where == path]

    def _answer(self, handler):
        self.requests.append((handler.path, handler.headers.get("Range")))
        faults = self.faults.get(handler.path, [])
        if faults:
            faults.pop(0)(handler, self.files.get(handler.path, b""))
        elif handler.path in self.files:
            send(handler, self.files[handler.path])
        else:
            status(404)(handler, b"")


def send(handler, body, cut=None):
    """Answer with a body, or the part of it that is asked for; `cut`: close the connection after so many bytes."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    start, end = (int(asked[1]), int(asked[2] or len(body) - 1) + 1) if asked else (0, len(body))
    if asked and start >= len(body):
        return status(416, {"Content-Range": f"bytes */{len(body)}"})(handler, b"")
    end = min(end, len(body))
    handler.send_response(206 if asked else 200)
    if asked:
        handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
    handler.send_header("Content-Length", str(end - start))
    handler.send_header("ETag", f'"{hash(body)}"')
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body[start:end] if cut is None else body[start : start + cut])
    handler.close_connection = handler.close_connection or cut is not None
    return None


def cut(after):
    """A fault: the connection breaks after so many bytes."""
    return lambda handler, body: send(handler, body, after)


def wrong(handler, body):
    """A fault: other bytes of the same length."""
    send(handler, bytes(255 - byte for byte in body))


def status(code, headers=None):
    """A fault: an answer of that status with those headers."""

    def answer(handler, body):
        handler.send_response(code)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer
