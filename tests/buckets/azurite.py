#!/usr/bin/env python3
"""Azurite (https://github.com/Azure/Azurite), Microsoft's emulator of Azure's storage, for tests; it ends with standard input.

    python azurite.py COMMAND

COMMAND is its program, `azurite-blob`. The first line of standard output is {"endpoint": "http://127.0.0.1:PORT"}, once it answers and holds the
container `stores`. All that it keeps is in memory. Its account, and the key of that, are those that every emulator has.
"""

import base64
import datetime
import hashlib
import hmac
import json
import subprocess
import sys
import urllib.request

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "stores"
LISTENS = "listens on "


def make_container(endpoint):
    """Signed by the account's key, which is the only way to make one."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    signed = {"x-ms-date": now, "x-ms-version": "2021-08-06"}
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    text = "PUT" + "\n" * 12 + f"{lines}/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
    headers = signed | {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": "0"}
    request = urllib.request.Request(f"{endpoint}/{ACCOUNT}/{CONTAINER}?restype=container", method="PUT", headers=headers)
    urllib.request.urlopen(request, timeout=30).close()


def main(command):
    # Port 0 is one that is free; it is told in the line that says that it listens.
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    process = subprocess.Popen([command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        endpoint = next((line.split(LISTENS)[1].strip() for line in process.stdout if LISTENS in line), None)
        if endpoint is None:
            raise SystemExit(f"{command} does not answer")
        make_container(endpoint)
        print(json.dumps({"endpoint": endpoint}), flush=True)
        sys.stdin.read()
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
