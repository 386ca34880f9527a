"""Runs the emulator in a folder of its own and ends it, with everything it started, when standard input ends."""

import http.server
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end_with_input(folder):
    while sys.stdin.buffer.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    shutil.rmtree(folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGKILL)


def announce(port):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            print(f"listening on 127.0.0.1:{port}", file=announced, flush=True)
            return
        except OSError:
            time.sleep(0.05)


announced = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # the emulator's log is no answer
os.setpgrp()
folder = tempfile.mkdtemp(prefix="run-", dir=sys.argv.pop(1))
port = int(sys.argv.pop(1)) or free_port()
os.makedirs(os.path.join(folder, "state"))
os.environ.update(
    BIND_HOST="127.0.0.1",
    IOT_MTLS_ENABLED="0",
    GATEWAY_PORT=str(port),
    AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
    MINISTACK_HOST="localhost",
    TMPDIR=folder,
    STATE_DIR=os.path.join(folder, "state"),
)
os.environ.setdefault("MINISTACK_REGION", "eu-west-1")
os.environ.setdefault("MINISTACK_ACCOUNT_ID", "111111111111")
tempfile.tempdir = None

from ministack.app import main  # reads the environment when it is imported

http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True  # otherwise every function call waits 45 ms
threading.Thread(target=end_with_input, args=(folder,), daemon=True).start()
threading.Thread(target=announce, args=(port,), daemon=True).start()
try:
    main()
finally:
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)  # functions that still run
