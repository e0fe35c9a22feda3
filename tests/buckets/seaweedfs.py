#!/usr/bin/env python3
"""SeaweedFS (https://github.com/seaweedfs/seaweedfs), a server that speaks S3, for tests; it ends with standard input.

    python seaweedfs.py [ADDRESS]

The first line of standard output is {"endpoint": "http://ADDRESS:PORT"}, once it answers; the address is 127.0.0.1 unless another of this machine is
named. All that it keeps is in a temporary folder.

It knows two users: `testing`, who may do all, and `reading`, who may only read and list; the secret of each is its name and `-secret`.
It encrypts objects for those that ask for it: AES256, and with KMS under any key that is named, which is made when it is first used.
"""

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

READY_SECONDS_MAX = 60
# SeaweedFS talks to itself at the number of each port and this many more.
GRPC = 10_000


def free_ports(address, count):
    """Ports that nobody listens on, and nobody listens on those that belong to them either."""
    found, held = [], []
    for port in range(20_000 + os.getpid() % 20_000, 50_000):
        sockets = [socket.socket() for _ in range(2)]
        try:
            for each, number in zip(sockets, (port, port + GRPC)):
                each.bind((address, number))
        except OSError:
            for each in sockets:
                each.close()
            continue
        held += sockets
        found.append(port)
        if len(found) == count:
            break
    for each in held:
        each.close()
    return found


def seaweedfs(folder, address):
    """The command, the port at which it speaks S3, and all ports."""
    may = {"testing": ["Admin", "Read", "Write", "List", "Tagging"], "reading": ["Read", "List"]}
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": f"{name}-secret"}], "actions": actions} for name, actions in may.items()
    ]
    kms = {"default_provider": "local", "providers": {"local": {"type": "local", "enableOnDemandCreate": True}}}
    (folder / "s3.json").write_text(json.dumps({"identities": identities, "kms": kms}))
    master, volume, filer, s3, debug = free_ports(address, 5)
    weed = pathlib.Path(sys.executable).with_name("weed")
    command = [
        weed,
        "server",
        f"-dir={folder}",
        f"-ip={address}",
        f"-ip.bind={address}",
        f"-master.port={master}",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        f"-volume.port={volume}",
        "-volume.max=200",
        "-filer",
        f"-filer.port={filer}",
        "-s3",
        f"-s3.port={s3}",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-debug.port={debug}",
    ]
    ports = [number + extra for number in (master, volume, filer, s3) for extra in (0, GRPC)]
    return command, s3, ports


def wait_for(process, endpoint):
    """Until it answers anything at all."""
    end = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{process.args[0]} does not answer")


def main(address="127.0.0.1"):
    with tempfile.TemporaryDirectory(prefix="elava-buckets-") as folder:
        command, port, ports = seaweedfs(pathlib.Path(folder), address)
        with open(pathlib.Path(folder) / "log", "wb") as log:
            keys = {"WEED_S3_SSE_KEK": secrets.token_hex(32)}
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | keys)
        try:
            endpoint = f"http://{address}:{port}"
            wait_for(process, endpoint)
            print(json.dumps({"endpoint": endpoint}), flush=True)
            sys.stdin.read()
        finally:
            process.kill()
            process.wait()
            # It talks to itself by sockets that it leaves behind.
            for left in pathlib.Path("/tmp").glob("seaweedfs-*.sock"):
                if any(str(number) in left.name for number in ports):
                    left.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
