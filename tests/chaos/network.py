"""A network that can be broken without rights: a relay of TCP between a program and a service. It
cuts (resets what is open, refuses what is new), holds (takes connections and bytes and lets none
through, as where packets vanish), and delays each piece.

The two ends never lose a byte that the relay let through, so a hold is a partition as the programs
see it, but not for their kernels: those go on acknowledging. Netem would be that too."""

import asyncio
import socket
import struct
import threading


class Link:
    """Listens on a port of its own of `host`, and passes on to `target` of 127.0.0.1."""

    def __init__(self, target, host="127.0.0.1"):
        self.target, self.host, self.port = target, host, None
        self.delay = 0.0
        self._cut = False
        self._writers = set()
        self._loop = asyncio.new_event_loop()
        self._passes = asyncio.Event()
        self._passes.set()
        started = threading.Event()
        threading.Thread(target=self._serve, args=(started,), daemon=True).start()
        started.wait()

    def cut(self):
        self._call(self._set, True, True, 0.0)

    def hold(self):
        self._call(self._set, False, False, 0.0)

    def slow(self, seconds):
        self._call(self._set, False, True, seconds)

    def mend(self):
        self._call(self._set, False, True, 0.0)

    def close(self):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    # ---- in the thread of the loop ----

    def _call(self, function, *arguments):
        asyncio.run_coroutine_threadsafe(self._run(function, *arguments), self._loop).result(10)

    @staticmethod
    async def _run(function, *arguments):
        function(*arguments)

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, self.host, 0, backlog=512))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    def _set(self, cut, passes, delay):
        self._cut, self.delay = cut, delay
        if passes:
            self._passes.set()
        else:
            self._passes.clear()
        if cut:
            for writer in list(self._writers):
                self._reset(writer)

    @staticmethod
    def _reset(writer):
        """Close with RST: what was not sent yet is lost."""
        link = writer.get_extra_info("socket")
        if link is not None and link.fileno() >= 0:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def _accept(self, reader, writer):
        if self._cut:
            self._reset(writer)
            return
        await self._passes.wait()
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # nobody is there: the program must see the same
            self._reset(writer)
            return
        self._writers |= {writer, forth}
        await asyncio.gather(self._pump(reader, forth), self._pump(back, writer))
        self._writers -= {writer, forth}

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self._passes.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
            await self._passes.wait()
            writer.close()
        except (OSError, RuntimeError):
            self._reset(writer)
