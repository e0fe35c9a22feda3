"""What a request asks for, and XML answers taken apart: one page of a list, and a service's way to say no."""

import base64
import functools
import io
import itertools
import json
import re
import urllib.parse
import uuid
import xml.parsers.expat
from typing import NamedTuple
from xml.sax.saxutils import escape

from botocore.session import get_session
from werkzeug.http import HTTP_STATUS_CODES

# Queries on a bucket that ask for one of its settings.
BUCKET_GETTERS = {
    "acl": "GetBucketAcl",
    "cors": "GetBucketCors",
    "encryption": "GetBucketEncryption",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "location": "GetBucketLocation",
    "logging": "GetBucketLogging",
    "notification": "GetBucketNotificationConfiguration",
    "object-lock": "GetObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "policyStatus": "GetBucketPolicyStatus",
    "publicAccessBlock": "GetPublicAccessBlock",
    "replication": "GetBucketReplication",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "website": "GetBucketWebsite",
}

SPACES = {
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "rds": "http://rds.amazonaws.com/doc/2014-10-31/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
SPEAK_JSON = ("cloudcontrolapi", "lambda")
REQUEST_IDS = (str(uuid.UUID(int=number)) for number in itertools.count(1))


class Answer(NamedTuple):
    status: str
    headers: list
    body: bytes

    def with_body(self, body):
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        return Answer(self.status, [*headers, ("Content-Length", str(len(body)))], body)


class Asked:
    """What a request asks for: service, region, access key, action, bucket and the parameters of the query protocol."""

    def __init__(self, environ):
        self.environ = environ
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        self.key, self.region, self.service = scope.groups() if scope else ("", "", "")
        self.bucket = None
        self.parameters = []
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(self.body)
        self.in_body = environ["REQUEST_METHOD"] == "POST" and "form-urlencoded" in environ.get("CONTENT_TYPE", "")
        if self.in_body:
            self.parameters = urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True)
            self.action = self.parameter("Action")
        else:
            self.parameters = urllib.parse.parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
            self.action = self.rest_action()

    def parameter(self, name):
        return next((value for key, value in self.parameters if key == name), None)

    def rest_action(self):
        method, path = self.environ["REQUEST_METHOD"], self.environ["PATH_INFO"]
        self.bucket, _, key = path.lstrip("/").partition("/")
        if self.service == "s3" and method == "GET" and not key:
            if not self.bucket:
                return "ListBuckets"
            asked = (BUCKET_GETTERS[name] for name, _ in self.parameters if name in BUCKET_GETTERS)
            return next(asked, "ListObjects")
        if self.service == "s3" and method == "HEAD" and not key:
            return "HeadBucket"
        return f"{method} {path}"

    def without(self, *names):
        """The parameters but those with these names."""
        return [pair for pair in self.parameters if pair[0] not in names]

    def rebuilt(self, parameters):
        """The environment of the same request with these parameters instead."""
        text = urllib.parse.urlencode(parameters)
        environ = dict(self.environ)
        if self.in_body:
            environ["wsgi.input"] = io.BytesIO(text.encode())
            environ["CONTENT_LENGTH"] = str(len(text))
        else:
            environ["QUERY_STRING"] = text
            environ["REQUEST_URI"] = environ["RAW_URI"] = f"{environ['PATH_INFO']}?{text}"
        return environ


class Pager(NamedTuple):
    """How one list is paged: the names of its parameters, of its elements, and how deep the list lies (the root is 1)."""

    asked_token: str
    asked_size: str
    answered_token: str
    items: str
    depth: int


@functools.cache
def pager(service, action):
    """The pager of an operation that AWS pages; None for the others."""
    if service not in ("autoscaling", "ec2", "elasticloadbalancing", "rds", "s3"):
        return None
    if service == "s3":
        return Pager("continuation-token", "max-buckets", "ContinuationToken", "Buckets", 2) if action == "ListBuckets" else None
    model, pagers = models(service)
    member = pagers.get(action, {}).get("result_key")
    # One operation pages two lists at once: it is none of those that are scanned.
    if not isinstance(member, str):
        return None
    output = model.operation_model(action).output_shape.members[member]
    items = output.serialization.get("name", member)
    if service == "ec2":
        return Pager("NextToken", "MaxResults", "nextToken", items, 2)
    how = pagers[action]
    return Pager(how["input_token"], how["limit_key"], how["output_token"], items, 3)


@functools.cache
def models(service):
    service = "elbv2" if service == "elasticloadbalancing" else service
    session = get_session()
    loader = session.get_component("data_loader")
    return session.get_service_model(service), loader.load_service_model(service, "paginators-1")["pagination"]


def empty(service, action):
    """The answer of a service where there is nothing to list."""
    lists = [
        shape.serialization.get("name", name)
        for name, shape in models(service)[0].operation_model(action).output_shape.members.items()
        if shape.type_name == "list"
    ]
    inside = "".join(f"<{name}/>" for name in lists)
    if service == "ec2":
        text = f'<{action}Response xmlns="{SPACES[service]}"><requestId>{next(REQUEST_IDS)}</requestId>{inside}</{action}Response>'
    else:
        text = f'<{action}Response xmlns="{SPACES[service]}"><{action}Result>{inside}</{action}Result></{action}Response>'
    return document(200, "text/xml", text)


class Listed:
    """Where in an XML answer the items of its list lie."""

    def __init__(self, body, pager):
        self.body, self.pager = body, pager
        self.starts, self.close, self.token = [], None, None
        self.path = []
        self.token_at = None
        self.parser = xml.parsers.expat.ParserCreate()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self.enter, self.leave
        self.parser.Parse(body, True)

    def enter(self, name, _):
        self.path.append(name)
        depth, at = len(self.path), self.parser.CurrentByteIndex
        if depth == self.pager.depth and name == self.pager.answered_token:
            self.token_at = at
        if depth == self.pager.depth + 1 and self.path[-2] == self.pager.items:
            self.starts.append(at)

    def leave(self, name):
        depth, at = len(self.path), self.parser.CurrentByteIndex
        self.path.pop()
        if depth != self.pager.depth:
            return
        end = self.body.index(b">", at) + 1
        if name == self.pager.answered_token:
            self.token = (self.token_at, end)
        if name == self.pager.items:
            self.close = (at, end)

    def token_text(self):
        if not self.token:
            return None
        found = re.search(rb">([^<]+)<", self.body[slice(*self.token)])
        return found.group(1).decode() if found else None

    def items(self):
        """Each item's text, with the blanks that follow it."""
        if not self.starts:
            return []
        ends = [*self.starts[1:], self.close[0]]
        return [self.body[start:end] for start, end in zip(self.starts, ends, strict=True)]

    def page(self, items, token):
        """The answer with these items only, and this token or none."""
        name = self.pager.answered_token.encode()
        told = b"<%s>%s</%s>" % (name, token.encode(), name) if token else b""
        first = self.starts[0] if self.starts else self.close[0]
        # A list without items may be one tag, `<items/>`: nothing is cut out of it.
        head = self.body[:first] + b"".join(items) + self.body[self.close[0] if self.starts else first : self.close[1]]
        tail = self.body[self.close[1] :]
        if self.token:
            start, end = self.token
            if start < self.close[0]:
                head = head[:start] + head[end:]
            else:
                tail = self.body[self.close[1] : start] + self.body[end:]
        return head + told + tail


def token_of(action, offset):
    """A token that holds only for one list, and has to be encoded to travel."""
    return base64.b64encode(f"{action}>>{offset}??".encode()).decode()


def offset_of(action, token):
    """The offset in a token of this list; None for any other token."""
    try:
        named, offset = base64.b64decode(token, validate=True).decode().removesuffix("??").split(">>")
    except ValueError:
        return None
    return int(offset) if named == action else None


def refusal(service, status, code, message):
    """An error as the service words it."""
    told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    request = next(REQUEST_IDS)
    if service in SPEAK_JSON:
        answer = document(status, "application/json", json.dumps({"message": message, "__type": f"com.amazon.coral.service#{code}"}))
        answer.headers.append(("x-amzn-requestid", request))
        return answer
    if service == "ec2":
        text = f"<Response><Errors><Error>{told}</Error></Errors><RequestID>{request}</RequestID></Response>"
    elif service == "s3":
        text = f"<Error>{told}<RequestId>{request}</RequestId><HostId>host</HostId></Error>"
    else:
        space = SPACES.get(service, SPACES["rds"])
        kind = "Sender" if status < 500 else "Receiver"
        text = f'<ErrorResponse xmlns="{space}"><Error><Type>{kind}</Type>{told}</Error><RequestId>{request}</RequestId></ErrorResponse>'
    answer = document(status, "text/xml", '<?xml version="1.0" encoding="UTF-8"?>\n' + text)
    answer.headers.append(("x-amz-request-id" if service == "s3" else "x-amzn-requestid", request))
    return answer


def document(status, kind, text):
    return Answer(f"{status} {HTTP_STATUS_CODES[status]}", [("Content-Type", kind)], b"").with_body(text.encode())
