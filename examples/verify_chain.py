#!/usr/bin/env python3
"""Checks the hash chain of an Elava store's log without Elava: Python's standard library, and the layout of headers.

    python3 verify_chain.py STORE [NOTED_HASH]

Prints the newest revision and the hash of the newest header. Exit status 1 if the chain does not hold, or a hash that was
noted earlier is not in it. Each log/<seq>.seg begins with a header of 256 bytes, little endian:

    0 magic "ELAVASEG"      36 first revision                    148 SHA-256 of the payload
    12 store id             44 number of observations            252 CRC-32 of the 252 bytes before it
    28 seq, from 1         108 SHA-256 of the header before it
                           140 length of the payload

A segment that the tables cover may be cut down to its header.
"""
import hashlib
import pathlib
import struct
import sys
import zlib


def check(path, seq, store, previous, revision):
    """Checks one segment; returns its store, the hash of its header and the revision after its last."""
    data = path.read_bytes()
    header, payload = data[:256], data[256:]
    if len(header) < 256 or header[:8] != b"ELAVASEG" or struct.unpack_from("<I", header, 252)[0] != zlib.crc32(header[:252]):
        raise ValueError("its header is damaged")
    found_seq, first, count = struct.unpack_from("<QqQ", header, 28)
    if found_seq != seq or (store and header[12:28] != store):
        raise ValueError("it is a segment of another place or store")
    if header[108:140] != previous or first != revision:
        raise ValueError("it does not follow the segment before it")
    length = struct.unpack_from("<Q", header, 140)[0]
    if payload and (len(payload) != length or hashlib.sha256(payload).digest() != header[148:180]):
        raise ValueError("its payload is damaged")
    return header[12:28], hashlib.sha256(header).digest(), first + count


def main(folder, noted=None):
    names = sorted(path.name for path in pathlib.Path(folder, "log").glob("*.seg"))
    store, previous, revision, hashes = None, bytes(32), 1, set()
    for seq in range(1, int(names[-1][:20]) + 1 if names else 1):
        path = pathlib.Path(folder, "log", f"{seq:020}.seg")
        try:
            store, previous, revision = check(path, seq, store, previous, revision)
        except (ValueError, OSError) as error:
            sys.exit(f"{path}: {error}")
        hashes.add(previous.hex())
    if not names or noted and noted.lower() not in hashes:
        sys.exit("the noted hash is not in the chain" if names else f"{folder} holds no log")
    print(f"{len(names)} segments, head revision {revision - 1}, head hash {previous.hex()}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
