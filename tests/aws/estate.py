#!/usr/bin/env python3
"""A moto server (https://github.com/getmoto/moto) for tests, told what to hold by commands.

    python estate.py [--page N]

The first line of standard output is {"endpoint": "http://127.0.0.1:PORT"}. From then on each line of standard input is a command,
{"do": NAME, ...}, and each is answered by one line: {"error": TEXT} if it failed. The end of input ends the server.

    build        account, region, size: makes an estate of all that can be scanned; ids depend on the commands alone
    change       account, region, step (1, 2, 3): what operators do to it; answers which resources they touched
    expect       account, regions: what boto3 says that there is
    expect_types account, regions, types: what boto3 lists by Cloud Control: type, region, identifier, properties
    expect_tags  account, regions: the tags, by ARN, of what is listed without them
    organization account, names, closed: makes it the head of an organization of new accounts, some of them closed; answers their ids
    credentials  account: keys that see this account
    faults       rules: how requests go wrong from now on (see proxy.Rule), instead of the rules before
    page         size: lists that AWS pages are answered in pages of this size at most; null as asked for
    calls        how many requests came since this was asked last, and how often each rule fired
    reset        nothing is there, no faults, pages as at the start

Requests of this program itself go to a door of their own: they are neither counted nor befallen by faults.
"""

import argparse
import json
import logging
import os
import sys
import threading

os.environ |= {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "false",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # Nothing of the machine's own set-up is asked.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
sys.dont_write_bytecode = True
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION"):
    os.environ.pop(name, None)

import boto3
from botocore.config import Config
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, get_account_id_from
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.rds.exceptions import OptionGroupNotFoundFaultError
from moto.rds.models import DBCluster, DBInstance, RDSBackend
from moto.sts.models import sts_backends
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from build import Builder
from change import change
from cloud_control import CloudControl
from expect import expect, expect_tags, expect_types
from proxy import Proxy
from wire import Answer, Asked

SERVICES = ["autoscaling", "ec2", "elbv2", "iam", "lambda", "logs", "organizations", "rds", "s3", "sqs", "sts"]


class Moto:
    """Moto's WSGI application, asked one thing at a time: its lists are not made for threads."""

    def __init__(self):
        self.application = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.Lock()
        # What a service makes when it is asked for the first time is not there after a reset: it is made before the first.
        self.application.app_instances |= {service: create_backend_app(service) for service in SERVICES}
        self.cloud_control = None
        self.reset()

    def answer(self, environ):
        if "/cloudcontrolapi/" in environ.get("HTTP_AUTHORIZATION", ""):
            return self.cloud_control.answer(Asked(environ))
        with self.lock:
            body, status, headers = run_wsgi_app(self.application, environ, buffered=True)
            return Answer(status, list(headers), b"".join(body))

    def __call__(self, environ, start_response):
        answer = self.answer(environ)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def reset(self):
        with self.lock:
            used = list(BackendDict._instances)
            moto_api_backend.reset()
            # The reset of one service can bring the default VPC of another back.
            for backends in used:
                backends.clear()
            mock_random.seed("reset")

    def seed(self, *words):
        """Every answer draws random numbers for its request id: what is made is to depend on these words alone."""
        with self.lock:
            mock_random.seed(" ".join(map(str, words)))


class Clients:
    """boto3's clients, by account, region and service."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = boto3.Session()
        self.forget()

    def forget(self):
        self.made, self.keys = {}, {}

    def client(self, account, region, service):
        place = (account, region, service)
        if place not in self.made:
            self.made[place] = self.new_client(region, service, self.credentials(account))
        return self.made[place]

    def new_client(self, region, service, keys):
        once = Config(retries={"total_max_attempts": 1})
        named = {f"aws_{name}": value for name, value in keys.items()}
        return self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=once, **named)

    def credentials(self, account):
        if account not in self.keys:
            keys = {"access_key_id": "testing", "secret_access_key": "testing", "session_token": None}
            if account != DEFAULT_ACCOUNT_ID:
                sts = self.new_client("us-east-1", "sts", keys)
                got = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/any", RoleSessionName="estate")["Credentials"]
                keys = {
                    "access_key_id": got["AccessKeyId"],
                    "secret_access_key": got["SecretAccessKey"],
                    "session_token": got["SessionToken"],
                }
            self.keys[account] = keys
        return self.keys[account]

    def secret_of(self, key):
        """The secret of an access key: the server's own, or that of a role which somebody took on."""
        if key == "testing":
            return key
        role = sts_backends[get_account_id_from(key)]["aws"].get_assumed_role_from_access_key(key)
        return role and role.secret_access_key


class Estate:
    """The commands."""

    def __init__(self, moto, proxy, clients):
        self.moto, self.proxy, self.clients = moto, proxy, clients
        self.built = {}

    def do(self, command):
        name = command.pop("do")
        if name not in ("build", "change", "expect", "organization", "credentials", "expect_tags", "expect_types", "faults", "page", "calls", "reset"):
            raise ValueError(f"no command is called {name!r}")
        return getattr(self, name)(**command) or {}

    def build(self, account, region, size):
        if (account, region) in self.built:
            raise ValueError(f"{account} {region} is built already")
        self.built[account, region] = builder = Builder(self.clients, account, region, size)
        self.moto.seed(account, region)
        # The first look at a region makes its default VPC.
        builder.ec2.describe_vpcs()
        self.moto.seed(account, region, "build", size)
        builder.build()

    def change(self, account, region, step):
        builder = self.built[account, region]
        self.moto.seed(account, region, "change", step)
        return {"touched": change(builder, step)}

    def expect(self, account, regions):
        return {"resources": expect(self.clients, account, regions)}

    def expect_tags(self, account, regions):
        return {"tags": expect_tags(self.clients, account, regions)}

    def expect_types(self, account, regions, types):
        return {"resources": expect_types(self.clients, account, regions, types)}

    def organization(self, account, names, closed):
        client = self.clients.client(account, "us-east-1", "organizations")
        client.create_organization(FeatureSet="ALL")
        made = {name: client.create_account(AccountName=name, Email=f"{name}@example.com") for name in names}
        ids = {name: status["CreateAccountStatus"]["AccountId"] for name, status in made.items()}
        for name in closed:
            client.close_account(AccountId=ids[name])
        return {"accounts": ids}

    def credentials(self, account):
        return self.clients.credentials(account)

    def faults(self, rules):
        self.proxy.set_faults(rules)

    def page(self, size):
        self.proxy.page = self.moto.cloud_control.page = size

    def calls(self):
        return self.proxy.calls()

    def reset(self):
        self.moto.reset()
        self.proxy.reset()
        self.clients.forget()
        self.built = {}


def described_option_groups(backend, asked):
    """As moto's own, which fails unless a name is given, and where there is none."""
    name = asked.get("option_group_name")
    found = [group for group in backend.option_groups.values() if name in (None, group.name)]
    if name and not found:
        raise OptionGroupNotFoundFaultError(name)
    return found


def policies_of_aws(backend):
    """Two of the policies that AWS manages: one for the estate to attach, one that nobody does."""
    told = {"Document": {"Version": "2012-10-17", "Statement": []}, "CreateDate": "2015-02-06T18:39:48+00:00", "DefaultVersionId": "v1"}
    told["UpdateDate"] = told["CreateDate"]
    return [AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, told) for name in ("Attached", "Unused")]


def mend_moto():
    """Makes of moto what the tests need: a list of option groups, names of policies, and nothing that is other at every look."""
    IAMBackend._init_aws_policies = policies_of_aws
    ManagedPolicy.policy_name = property(lambda policy: policy.name)
    ManagedPolicy.policy_id = property(lambda policy: policy.id)
    RDSBackend.describe_option_groups = described_option_groups
    DBInstance.latest_restorable_time = property(lambda instance: instance.instance_create_time)
    DBCluster.latest_restorable_time = property(lambda cluster: cluster.earliest_restorable_time)


def serve(application):
    """Serves on a free port, and gives the address."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=int, help="items in one page of a list")
    page = parser.parse_args().page

    # Only answers go to standard output, whatever a library prints.
    output, sys.stdout = sys.stdout, sys.stderr
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    mend_moto()

    def say(answer):
        print(json.dumps(answer), file=output, flush=True)

    moto_server = Moto()
    clients = Clients(serve(moto_server))
    moto_server.cloud_control = CloudControl(clients.client)
    proxy = Proxy(moto_server.answer, clients.secret_of, page)
    estate = Estate(moto_server, proxy, clients)
    say({"endpoint": serve(proxy)})
    for line in sys.stdin:
        try:
            answer = estate.do(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        say(answer)
    proxy.closed.set()


if __name__ == "__main__":
    main()
