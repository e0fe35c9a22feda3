"""Whether a request is signed as AWS wants it, by botocore's own signer: moto takes any signature."""

import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)")


def is_signed(environ, body, secret_of):
    """`secret_of` gives the secret of an access key; None for one that is not known."""
    told = AUTHORIZATION.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    if not told:
        return False
    key, region, service, names, signature = told.groups()
    headers = {name: header(environ, name) for name in names.split(";")}
    if secret_of(key) is None or not {"host", "x-amz-date"} <= headers.keys() or None in headers.values():
        return False
    url = f"http://{headers['host']}{environ['RAW_URI']}"
    request = AWSRequest(environ["REQUEST_METHOD"], url, data=body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(key, secret_of(key)), service, region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request) == signature


def header(environ, name):
    name = name.upper().replace("-", "_")
    return environ.get(name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}")
