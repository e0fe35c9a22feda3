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
import logging
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "aws"))

from estate import Clients, Moto, mend_moto, serve
from expect import BUCKET_MEMBERS, IDENTITIES, LISTS, OWN, balancers, listed, plain, setting
from wire import Asked

ACCOUNT = "123456789012"
REGIONS = ["us-east-1", "eu-west-1"]
# What a scan lists too, and moto does not know: empty lists.
ALSO = [
    ("ec2", "describe_capacity_reservations", "CapacityReservations"),
    ("ec2", "describe_placement_groups", "PlacementGroups"),
    ("ec2", "describe_reserved_instances", "ReservedInstances"),
    ("rds", "describe_reserved_db_instances", "ReservedDBInstances"),
]
# As many as `elava scan` has by default.
AT_ONCE = 16


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
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, env=environment, stderr=said)
            peak = peak_memory(process)
            took = time.monotonic() - began
            said.seek(0)
            text = said.read()
        if process.returncode != 0:
            sys.exit(f"elava scan failed:\n{text}")
        return took, peak, text.splitlines()[-1]


def peak_memory(process):
    """Waits for the end of a process; its peak memory in MiB, at most a fiftieth of a second before the end.

    What the system tells of children that have ended counts what they were before they became another program."""
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])
        except OSError:
            pass
        time.sleep(0.02)
    return peak / 1024


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
            for service, operation, member, *_ in [*LISTS, *ALSO, ("ec2", "describe_instances", "Reservations")]
        ]
        beside = [(self.balancing, self.clients.client(ACCOUNT, region, "elbv2")) for region in regions]
        beside += [(self.function_tags, self.clients.client(ACCOUNT, region, "lambda")) for region in regions]
        beside.append((self.identities, self.clients.client(ACCOUNT, regions[0], "iam")))
        s3 = self.clients.client(ACCOUNT, regions[0], "s3")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            lists = [pool.submit(listed, client, operation, member, **parameters) for client, operation, member, parameters in calls]
            lists += [pool.submit(ask, client) for ask, client in beside]
            buckets = list(pool.map(lambda bucket: self.bucket(s3, bucket), listed(s3, "list_buckets", "Buckets")))
            resources = [plain(each.result()) for each in lists] + [plain(buckets)]
        (folder / "listed.json").write_text(json.dumps(resources))
        return time.monotonic() - began

    def balancing(self, elbv2):
        """Load balancers with their attributes and listeners, and the tags of all that load balancing has."""
        found = list(balancers(elbv2))
        arns = [each["LoadBalancerArn"] for each in found]
        listeners = [each for arn in arns for each in listed(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)]
        arns += [each["ListenerArn"] for each in listeners]
        arns += [each["TargetGroupArn"] for each in listed(elbv2, "describe_target_groups", "TargetGroups")]
        batches = [arns[at : at + 20] for at in range(0, len(arns), 20)]
        tags = [each for batch in batches for each in elbv2.describe_tags(ResourceArns=batch)["TagDescriptions"]]
        return [*found, *listeners, *tags]

    def function_tags(self, functions):
        found = listed(functions, "list_functions", "Functions")
        return [functions.list_tags(Resource=each["FunctionArn"])["Tags"] for each in found]

    def identities(self, iam):
        pages = iam.get_paginator("get_account_authorization_details").paginate()
        return [{name: page[name] for name, *_ in IDENTITIES} for page in pages]

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


class Many:
    """Moto's answer for a page of instances, again and again with other ids: moto itself takes minutes for so many."""

    PAGE = 1000

    def __init__(self, moto, count):
        self.moto, self.pages = moto, -(-count // self.PAGE)
        ec2 = Clients(serve(moto)).client(ACCOUNT, REGIONS[0], "ec2")
        tags = [{"Key": "Name", "Value": "web"}, {"Key": "owner", "Value": "team 7"}]
        for _ in range(self.PAGE):
            ec2.run_instances(
                ImageId="ami-12c6146b",
                InstanceType="m5.large",
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
            )
        self.page = None

    def __call__(self, environ, start_response):
        asked = Asked(environ)
        if asked.action != "DescribeInstances":
            return self.moto(environ, start_response)
        self.page = self.page or self.moto.answer(environ)
        number = int(asked.parameter("NextToken") or 0)
        body = re.sub(rb"<instanceId>i-[0-9a-f]{4}", b"<instanceId>i-%04x" % number, self.page.body)
        if number + 1 < self.pages:
            body = body.replace(b"</reservationSet>", b"</reservationSet><nextToken>%d</nextToken>" % (number + 1))
        answer = self.page.with_body(body)
        start_response(answer.status, answer.headers)
        return [answer.body]


def instances(arguments):
    scanner = Scanner(arguments.elava, serve(Many(Moto(), arguments.count)))
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "store"
        for name in ("first", "again"):
            took, peak, said = scanner.scan(store, REGIONS[:1], "--type", "aws_ec2_instance", "--request-timeout", "300")
            print(f"{name}: {took:.1f} s, {peak:.0f} MiB at its peak; {said}")


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
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
