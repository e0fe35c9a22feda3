"""Stands in front of moto: counts requests, checks how they are signed, cuts lists into pages as AWS does, and answers with the faults that it
was told."""

import collections
import dataclasses
import re
import threading

from moto.iam.models import get_account_id_from

from signature import is_signed
from wire import Answer, Asked, Listed, document, empty, offset_of, pager, refusal, token_of

# Status, code and message of a refusal, by kind and service; the empty service is any other.
REFUSALS = {
    "throttle": {
        "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
        "lambda": (429, "TooManyRequestsException", "Rate exceeded"),
        "s3": (503, "SlowDown", "Please reduce your request rate."),
        "": (400, "Throttling", "Rate exceeded"),
    },
    "deny": {
        "ec2": (403, "UnauthorizedOperation", "You are not authorized to perform this operation. <explicit deny> & more"),
        "lambda": (403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/scan is not authorized to perform this action"),
        "s3": (403, "AccessDenied", "Access Denied"),
        "": (403, "AccessDenied", "User: arn:aws:iam::123456789012:user/scan is not authorized to perform this action"),
    },
    "disabled": {
        "ec2": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        "": (403, "OptInRequired", "The AWS Access Key Id needs a subscription for the service"),
    },
    "error500": {
        "rds": (500, "InternalFailure", "The request processing has failed because of an unknown error"),
        "": (500, "InternalError", "An internal error has occurred"),
    },
}
# What moto cannot be asked: there is none of it.
MISSING = {
    ("ec2", "DescribeCapacityReservations"),
    ("ec2", "DescribePlacementGroups"),
    ("ec2", "DescribeReservedInstances"),
    ("rds", "DescribeReservedDBInstances"),
}
KINDS = [*REFUSALS, "timeout", "cut", "truncate", "repeat_token", "html", "empty", "untagged"]
# The tags of a resource, in XML and in the JSON that Cloud Control's answers hold as text.
TAGS = rb'<(tagSet|TagList)>.*?</\1>|, \\"Tags\\": \[.*?\]'
HTML = (
    "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n<p>Broken &amp; sorry<br>\n"
)


@dataclasses.dataclass
class Rule:
    """A fault, and the requests that it befalls: those that have all that is given here, `times` times or always.

    `has` and `lacks` are parameters with their values: those that a request has, and those of which it lacks one.
    """

    kind: str
    service: str | None = None
    action: str | None = None
    region: str | None = None
    account: str | None = None
    bucket: str | None = None
    has: dict = dataclasses.field(default_factory=dict)
    lacks: dict = dataclasses.field(default_factory=dict)
    times: int | None = None
    seconds: float = 60
    code: str | None = None
    status: int | None = None
    fired: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}, only {', '.join(KINDS)}")

    def befalls(self, asked):
        if self.times is not None and self.fired >= self.times:
            return False
        if any(getattr(self, name) not in (None, getattr(asked, name)) for name in ("service", "action", "region", "bucket")):
            return False
        if any(asked.parameter(name) != value for name, value in self.has.items()):
            return False
        if self.lacks and all(asked.parameter(name) == value for name, value in self.lacks.items()):
            return False
        if self.kind == "repeat_token" and not pager(asked.service, asked.action):
            return False
        return self.account is None or self.account == get_account_id_from(asked.key)


class Proxy:
    """A WSGI application in front of another, which answers one request at a time."""

    def __init__(self, answer, secret_of, page=None):
        self.answer, self.secret_of = answer, secret_of
        self.first_page = page
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.rules, self.page = [], self.first_page
        self.actions = collections.Counter()

    def calls(self):
        """How many requests came since this was asked, of which action, and how often each rule fired since they were set."""
        with self.lock:
            actions, self.actions = self.actions, collections.Counter()
            return {"calls": actions.total(), "actions": dict(sorted(actions.items())), "fired": [rule.fired for rule in self.rules]}

    def set_faults(self, rules):
        rules = [Rule(**rule) for rule in rules]
        with self.lock:
            self.rules = rules

    def __call__(self, environ, start_response):
        asked = Asked(environ)
        with self.lock:
            self.actions[f"{asked.service} {asked.action}"] += 1
            rule = next((rule for rule in self.rules if rule.befalls(asked)), None)
            if rule:
                rule.fired += 1
        if not is_signed(environ, asked.body, self.secret_of):
            answer = refusal(asked.service, 403, "SignatureDoesNotMatch", "The signature does not match the one that was calculated")
        else:
            answer = self.faulty(rule, asked) if rule else self.paged(asked)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def faulty(self, rule, asked):
        if rule.kind in REFUSALS:
            by_service = REFUSALS[rule.kind]
            status, code, message = by_service.get(asked.service, by_service[""])
            return refusal(asked.service, rule.status or status, rule.code or code, message)
        if rule.kind == "html":
            return document(rule.status or 500, "text/html; charset=utf-8", HTML)
        if rule.kind == "timeout":
            self.closed.wait(rule.seconds)
            return self.paged(asked)
        if rule.kind == "repeat_token":
            return self.paged(asked, repeat=True)
        if rule.kind == "empty":
            return empty(asked.service, asked.action)
        answer = self.paged(asked)
        if rule.kind == "untagged":
            return answer.with_body(re.sub(TAGS, b"", answer.body, flags=re.DOTALL))
        half = answer.body[: len(answer.body) // 2]
        if rule.kind == "truncate":
            return answer.with_body(half)
        # The whole length is announced; the server closes the connection behind each answer.
        return Answer(*answer.with_body(answer.body)[:2], half)

    def paged(self, asked, repeat=False):
        """The answer, of a list the page that was asked for. When repeating, the first page with always the same token."""
        if (asked.service, asked.action) in MISSING:
            return empty(asked.service, asked.action)
        how = pager(asked.service, asked.action)
        if not how:
            return self.answer(asked.environ)
        sizes = [int(size) for size in (self.page, asked.parameter(how.asked_size)) if size]
        if not sizes and not repeat:
            return self.answer(asked.environ)
        token = asked.parameter(how.asked_token)
        offset = offset_of(asked.action, token) if token and not repeat else 0
        if offset is None:
            return refusal(asked.service, 400, "InvalidNextToken", f"{asked.action} gave no token {token}")
        answer, listed, items = self.whole(asked, how)
        if listed is None or listed.close is None:
            return answer
        end = offset + min(sizes, default=len(items))
        if repeat:
            following = token_of(asked.action, 0)
        else:
            following = token_of(asked.action, end) if end < len(items) else None
        return answer.with_body(listed.page(items[offset:end], following))

    def whole(self, asked, how):
        """The whole list: the last of its answers, and the items of all. An answer that is no list is given as it is."""
        items, token = [], None
        parameters = asked.without(how.asked_token, how.asked_size)
        environ = asked.rebuilt(parameters)
        while True:
            answer = self.answer(environ)
            if not answer.status.startswith("200"):
                return answer, None, []
            listed = Listed(answer.body, how)
            items += listed.items()
            token = listed.token_text()
            if not token:
                return answer, listed, items
            environ = asked.rebuilt([*parameters, (how.asked_token, token)])
