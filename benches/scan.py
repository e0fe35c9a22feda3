#!/usr/bin/env python3
"""Times `elava scan` on a moto server. Needs the tests' Python (tests/requirements.txt) and a built elava.

    python benches/scan.py compare [--size 10] [--runs 7] [--page N]
        one account, two regions: a scan into a new store beside a plain threaded boto3 script that lists the same,
        in turn; seconds and requests of each
    python benches/scan.py instances [--count 100000]
        a scan of one region with so many instances: seconds and peak memory, and the same again with nothing changed
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "aws"))

from estate import Clients, Moto, mend_moto, serve
from expect import BUCKET_MEMBERS, LISTS, OWN, listed, plain, setting

ACCOUNT = "123456789012"
REGIONS = ["us-east-1", "eu-west-1"]
# As many as `elava scan` has by default.
AT_ONCE = 16
# What a scan does not list.
LEFT_OUT = {"describe_spot_instance_requests"}


class Server:
    """The tests' moto server, in a process of its own: it shares no interpreter with what is timed."""

    def __init__(self, page):
        command = [sys.executable, ROOT / "tests" / "aws" / "estate.py", *(["--page", str(page)] if page else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def do(self, name, **command):
        print(json.dumps({"do": name, **command}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"the server: {answer['error']}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Scanner:
    """The `elava` command, as a user of the account."""

    def __init__(self, elava, endpoint):
        self.elava, self.endpoint = elava, endpoint

    def scan(self, store, regions, *more):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(store.parent),
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        named = [argument for region in regions for argument in ("--region", region)]
        command = [self.elava, "--store", store, "scan", "--endpoint-url", self.endpoint, *named, *more]
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"elava scan failed:\n{said}")
        return took, usage.ru_maxrss / 1024, said.splitlines()[-1]


class Script:
    """What people write without Elava: a pool of threads, a client per region and service, paginators, JSON in a file."""

    def __init__(self, endpoint):
        self.clients = Clients(endpoint)

    def list(self, folder, regions):
        began = time.monotonic()
        # Clients are made before threads use them: making them is not safe in threads.
        calls = [
            (self.clients.client(ACCOUNT, region, service), operation, member, OWN.get(operation, {}))
            for region in regions
            for service, operation, member, *_ in [*LISTS, ("ec2", "describe_instances", "Reservations")]
            if operation not in LEFT_OUT
        ]
        s3 = self.clients.client(ACCOUNT, regions[0], "s3")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            lists = [pool.submit(listed, client, operation, member, **parameters) for client, operation, member, parameters in calls]
            buckets = list(pool.map(lambda bucket: self.bucket(s3, bucket), listed(s3, "list_buckets", "Buckets")))
            resources = [plain(each.result()) for each in lists] + [plain(buckets)]
        (folder / "listed.json").write_text(json.dumps(resources))
        return time.monotonic() - began

    def bucket(self, s3, bucket):
        name = bucket["Name"]
        region = bucket.get("BucketRegion") or s3.get_bucket_location(Bucket=name)["LocationConstraint"]
        members = {member: setting(s3, operation, codes, name) for member, operation, codes in BUCKET_MEMBERS}
        return bucket | {"BucketRegion": region} | members


def told(name, seconds, calls):
    print(f"{name:8} {statistics.median(seconds):7.2f} s (fastest {min(seconds):.2f}, slowest {max(seconds):.2f}), {calls} requests")


def compare(arguments):
    server = Server(arguments.page)
    for region in REGIONS:
        server.do("build", account=ACCOUNT, region=region, size=arguments.size)
    scanner, script = Scanner(arguments.elava, server.endpoint), Script(server.endpoint)
    seconds, calls = {"elava": [], "boto3": []}, {}
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            server.do("calls")
            took, _, said = scanner.scan(folder / "store", REGIONS)
            seconds["elava"].append(took)
            calls["elava"] = server.do("calls")["calls"]
            seconds["boto3"].append(script.list(folder, REGIONS))
            calls["boto3"] = server.do("calls")["calls"]
    server.end()
    print(said)
    for name in seconds:
        told(name, seconds[name], calls[name])
    ratio = statistics.median(seconds["elava"]) / statistics.median(seconds["boto3"])
    print(f"elava takes {ratio:.2f} of the time")


def instances(arguments):
    server = Moto()
    clients = Clients(serve(server))
    ec2 = clients.client(ACCOUNT, REGIONS[0], "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/8")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{at}.0.0/16")["Subnet"]["SubnetId"] for at in range(4)]
    launch(ec2, subnets, arguments.count)
    part_reservations(server)
    scanner = Scanner(arguments.elava, serve(server))
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "store"
        for name in ("first", "again"):
            took, peak, said = scanner.scan(store, REGIONS[:1], "--type", "aws_ec2_instance", "--request-timeout", "300")
            print(f"{name}: {took:.1f} s, {peak:.0f} MiB at its peak; {said}")


def launch(ec2, subnets, count):
    made = 0
    while made < count:
        step = min(1000, count - made)
        tags = [{"Key": "Name", "Value": f"web {made}"}, {"Key": "owner", "Value": f"team {made // 1000 % 7}"}]
        ec2.run_instances(
            ImageId="ami-12c6146b",
            InstanceType="m5.large",
            MinCount=step,
            MaxCount=step,
            SubnetId=subnets[made // 1000 % len(subnets)],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        made += step


def part_reservations(server):
    """One instance in each reservation: moto pages reservations, AWS instances."""
    from moto.ec2.models import ec2_backends
    from moto.ec2.models.instances import Reservation

    backend = ec2_backends[ACCOUNT][REGIONS[0]]
    with server.lock:
        for reservation in list(backend.reservations.values()):
            for number, instance in enumerate(reservation.instances[1:]):
                other = Reservation(f"{reservation.id}{number:04}", reservation.owner_id)
                other.instances.append(instance)
                backend.reservations[other.id] = other
            del reservation.instances[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elava", type=pathlib.Path, default=ROOT / "target" / "release" / "elava", help="the program")
    what = parser.add_subparsers(required=True)
    pair = what.add_parser("compare", help="beside boto3")
    pair.add_argument("--size", type=int, default=10, help="how much there is of everything")
    pair.add_argument("--runs", type=int, default=7)
    pair.add_argument("--page", type=int, help="items in one page of a list; as asked for without it")
    pair.set_defaults(run=compare)
    many = what.add_parser("instances", help="very many instances")
    many.add_argument("--count", type=int, default=100_000)
    many.set_defaults(run=instances)
    arguments = parser.parse_args()
    mend_moto()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
