"""The line protocol of the test agents: one JSON request per line in, one JSON answer out.

Bytes are base64, no bytes is null.  A client is an object with a method per operation; see agent.go in the
folder above for what each operation means.
"""
import base64
import faulthandler
import json
import os
import queue
import signal
import sys
import threading


def enc(b):
    return None if b is None else base64.b64encode(b).decode()


def dec(s):
    return None if s is None else base64.b64decode(s)


def headers(r):
    return [(k, dec(v)) for k, v in (r.get("h") or [])]


def record(partition, offset, timestamp, key, value, hs):
    """A record read from the broker, as it goes on the wire."""
    return {"p": partition, "o": offset, "t": timestamp, "k": enc(key), "v": enc(value),
            "h": [[k, enc(v)] for k, v in (hs or [])]}


def serve(client):
    """Answers requests until standard input ends.  Libraries that print go to standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    faulthandler.register(signal.SIGQUIT, chain=True)  # says where it hangs, and ends
    for line in sys.stdin:
        q = json.loads(line)
        try:
            a = getattr(client, q["op"])(q) or {}
        except Exception as e:  # every failure is the answer
            a = {"error": "%s: %s" % (type(e).__name__, e)}
        out.write(json.dumps(a) + "\n")
        out.flush()
    os._exit(0)


class Member:
    """A group member: a thread that polls all the time, keeps what it got, and takes orders between polls."""

    def __init__(self, poll, assignment):
        self.poll, self.assignment = poll, assignment
        self.lock = threading.Lock()
        self.records, self.revoked, self.failure = [], 0, None
        self.next = {}
        self.orders = queue.Queue()
        self.leaving = False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.leaving:
            try:
                got = self.poll()
                with self.lock:
                    for r in got:
                        self.next[r["p"]] = r["o"] + 1
                    self.records.extend(got)
            except Exception as e:
                with self.lock:
                    self.failure = e
                return
            while not self.orders.empty():
                order, done = self.orders.get()
                try:
                    order()
                    done.put(None)
                except Exception as e:
                    done.put(e)

    def on_revoked(self, partitions):
        """Called by the client inside a poll."""
        self.revoked += len(partitions)
        for p in partitions:
            self.next.pop(p, None)

    def order(self, f):
        done = queue.Queue()
        self.orders.put((f, done))
        err = done.get(timeout=60)
        if err:
            raise err

    def leave(self, close):
        def stop():
            self.leaving = True
            close()
        self.order(stop)

    def state(self):
        with self.lock:
            if self.failure:
                raise self.failure
            got, self.records = self.records, []
            return {"records": got, "assignment": self.assignment(), "revoked": self.revoked}
