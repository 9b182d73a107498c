"""Threads that do as people do, again and again, until they are told to stop."""

import threading


class Crowd:
    def __init__(self):
        self.stopping = threading.Event()  # each looks at it between what it does
        self._threads = []

    def add(self, name, act, *arguments):
        self._threads.append(threading.Thread(target=act, args=arguments, name=name, daemon=True))

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Ends when each has finished what it was about."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()
