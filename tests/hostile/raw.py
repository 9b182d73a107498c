"""Bytes on a socket, as they are: what a proper client cannot be made to send. Standard library
only."""

import re
import socket

PATIENCE = 30


class Reply:
    """What came back: `status` 0 where nothing did; `closed`: the server ended the connection."""

    def __init__(self, data, closed):
        head, _, body = data.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        self.status = int(words[1]) if head.startswith(b"HTTP/1.") and len(words) > 2 else 0
        self.head = head.decode("latin-1")
        self.body = body
        self.closed = closed

    def field(self, name):
        found = re.search(rf"(?im)^{re.escape(name)}:[ \t]*(.*?)\r?$", self.head)
        return found.group(1) if found else ""

    @property
    def length(self):
        """Of the body as announced; None: until the connection ends."""
        if self.status in (204, 304) or 100 <= self.status < 200:
            return 0
        text = self.field("Content-Length")
        return int(text) if text else None

    def is_whole(self):
        return self.status != 0 and self.length is not None and len(self.body) >= self.length

    def __repr__(self):
        return f"<{self.status}{' closed' if self.closed else ''} {self.body[:200]!r}>"


class Connection:
    def __init__(self, port, patience=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), patience)
        self.data = b""
        self.closed = False

    def send(self, data):
        """All of it, as far as the server takes it: it may close before the end."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def end(self):
        """Nothing more comes from us."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _more(self):
        try:
            got = self.socket.recv(1 << 16)
        except ConnectionError:
            got = b""
        except TimeoutError as late:
            raise AssertionError(f"silence after {self.data[:200]!r}") from late
        self.closed = not got
        self.data += got
        return bool(got)

    def glance(self, seconds=0.3):
        """The answer, or what came of it within a moment; for what need not be answered soon."""
        self.socket.settimeout(seconds)
        try:
            return self.reply()
        except AssertionError:
            return Reply(self.data, False)

    def reply(self):
        """One answer; an interim one (100) is passed over."""
        while True:
            answer = Reply(self.data, self.closed)
            if answer.status == 100:
                self.data = answer.body
            elif answer.is_whole():
                self.data = answer.body[answer.length:]
                return answer
            elif not self._more():
                rest, self.data = Reply(self.data, True), b""
                return rest

    def rest(self):
        """All that comes until the server ends the connection."""
        while not self.closed:
            self._more()
        return self.data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
