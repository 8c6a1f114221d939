# SPDX-License-Identifier: BSD-2-Clause
"""What programs of Debian's transfer in the tests: one file, by HTTP on the kernel, and
whatever else they speak.
"""
import contextlib
import functools
import hashlib
import http.server
import os
import tempfile
import threading

from lab import KERNEL, Owner, lab
from peer import pattern, run, run_cases

BYTES = 3000000
FOLDER = tempfile.mkdtemp()
FILE = os.path.join(FOLDER, "file")
WORDS = pattern(BYTES)


@contextlib.contextmanager
def kernel_http():
    """A web server on the kernel. Yields the address of the file."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        """Says nothing."""

        def log_message(self, *_):
            pass
    handler = functools.partial(Quiet, directory=FOLDER)
    with http.server.ThreadingHTTPServer((KERNEL, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{KERNEL}:{server.server_port}/file"
        server.shutdown()


def fetch(url, path="file"):
    """Gets URL by curl on the kernel; it must be the file."""
    out = os.path.join(FOLDER, "out")
    run("curl", "-sS", "--max-time", "30", "-o", out, f"{url}/{path}")
    same(out)


def same(path):
    """The file at PATH holds the words."""
    with open(path, "rb") as file:
        got = file.read()
    os.unlink(path)
    assert hashlib.sha256(got).digest() == hashlib.sha256(WORDS).digest(), \
        f"{len(got)} other bytes"


def transfer():
    """The file, the stack, the cases."""
    lab()
    with open(FILE, "wb") as file:
        file.write(WORDS)
    with Owner():
        run_cases()
