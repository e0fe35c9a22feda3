#!/usr/bin/env python3
"""Writes shapes.json: how AWS's XML answers become the JSON that its command line prints, and where and how services are asked.

Source: the service models inside botocore 1.44.8 (https://github.com/boto/botocore, version 1.44.8, folder botocore/data),
Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0. Only names and types of what answers hold are taken,
no documentation.

    python3 -m venv venv && venv/bin/pip install botocore==1.44.8
    venv/bin/python data/aws/generate_shapes.py            # writes shapes.json next to this script

The same version writes the same bytes. To take a newer model, change BOTOCORE here, run this and record.py, and look at
the difference.

The file, one operation or one shape a line, all sorted:

    suffixes                    PARTITION: how the names of its hosts end
    services.NAME.protocol      ec2, query, rest-xml, json or rest-json, as the model says
    services.NAME.api           the version of its API
    services.NAME.endpoint      how the names of its hosts begin
    services.NAME.hosts         PARTITION: [HOST, REGION] of a service that has one host a partition, and the region to sign for
    services.NAME.id            its name in configurations
    services.NAME.signing       its name in signatures, which is that in permissions too
    services.NAME.target        how its header for the operation begins (json)
    services.NAME.json          the version of its JSON (json)
    services.NAME.operations    NAME: path      what is asked, with {MEMBER} for members of the request (rest-json)
                                      root      the element that the body must be
                                      wrapper   the element in the root that holds the result (query)
                                      output    the shape of the root or of the wrapper
                                      payload   the member that holds the output, where the body is that member alone
                                      text      the member that holds the root's text, or null (the body has no shape)
                                      body      the member that holds the whole body as text
                                      headers   {member: HTTP header} of what is not in the body
    services.NAME.shapes        NAME: {"members": {WIRE: "JSON TYPE"}}, or "TYPE" where both names are the same;
                                                  "@xsi:type" is the attribute of that name, and TYPE[] a
                                                  flattened list: the member as often as the list is long
                                      {"list": [ITEM, TYPE]}   elements ITEM in one element
                                      {"map": [KEY, TYPE, VALUE, TYPE]}   entries with the elements KEY and VALUE

TYPE is a shape, or string, integer, float, boolean, blob (base64), timestamp (ISO 8601) or policy (percent-encoded JSON).
json and rest-json have no shapes: such a body is JSON already.
"""

import json
import pathlib

import botocore
import botocore.session

BOTOCORE = "1.44.8"

OPERATIONS = {
    "autoscaling": ["DescribeAutoScalingGroups"],
    "cloudcontrol": ["ListResources"],
    "ec2": [
        "DescribeAddresses",
        "DescribeCapacityReservations",
        "DescribeCustomerGateways",
        "DescribeDhcpOptions",
        "DescribeEgressOnlyInternetGateways",
        "DescribeFlowLogs",
        "DescribeHosts",
        "DescribeImages",
        "DescribeInstances",
        "DescribeInternetGateways",
        "DescribeKeyPairs",
        "DescribeLaunchTemplates",
        "DescribeManagedPrefixLists",
        "DescribeNatGateways",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaces",
        "DescribePlacementGroups",
        "DescribeRegions",
        "DescribeReservedInstances",
        "DescribeRouteTables",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeSpotInstanceRequests",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeTransitGatewayAttachments",
        "DescribeTransitGatewayRouteTables",
        "DescribeTransitGatewayVpcAttachments",
        "DescribeTransitGateways",
        "DescribeVolumes",
        "DescribeVpcEndpoints",
        "DescribeVpcPeeringConnections",
        "DescribeVpcs",
        "DescribeVpnConnections",
        "DescribeVpnGateways",
    ],
    "elbv2": ["DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTags", "DescribeTargetGroups"],
    "iam": ["GetAccountAuthorizationDetails"],
    "lambda": ["ListFunctions", "ListTags"],
    "organizations": ["ListAccounts"],
    "rds": [
        "DescribeDBClusterParameterGroups",
        "DescribeDBClusterSnapshots",
        "DescribeDBClusters",
        "DescribeDBInstances",
        "DescribeDBParameterGroups",
        "DescribeDBProxies",
        "DescribeDBSnapshots",
        "DescribeDBSubnetGroups",
        "DescribeEventSubscriptions",
        "DescribeGlobalClusters",
        "DescribeOptionGroups",
        "DescribeReservedDBInstances",
        "ListTagsForResource",
    ],
    "s3": [
        "GetBucketAcl",
        "GetBucketCors",
        "GetBucketEncryption",
        "GetBucketLifecycleConfiguration",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketNotificationConfiguration",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetBucketReplication",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetObjectLockConfiguration",
        "GetPublicAccessBlock",
        "ListBuckets",
    ],
    "sts": ["GetCallerIdentity"],
}

# The model does not name the element that an answer of S3 is; the reference of its API does.
S3_ROOTS = {
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketEncryption": "ServerSideEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketOwnershipControls": "OwnershipControls",
    "GetBucketPolicyStatus": "PolicyStatus",
    "GetBucketReplication": "ReplicationConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectLockConfiguration": "ObjectLockConfiguration",
    "GetPublicAccessBlock": "PublicAccessBlockConfiguration",
    "ListBuckets": "ListAllMyBucketsResult",
}

SCALARS = {
    "blob": "blob",
    "boolean": "boolean",
    "double": "float",
    "float": "float",
    "integer": "integer",
    "long": "integer",
    "string": "string",
    "timestamp": "timestamp",
}


class Shapes:
    """The shapes of one service that answers can hold."""

    def __init__(self, service):
        self.service = service
        self.lines = {}

    def type_of(self, shape):
        """The name of a type, after its shape and all that it holds were taken."""
        if shape.type_name in SCALARS:
            return self.scalar(shape)
        assert shape.name not in SCALARS and shape.name != "policy", shape.name
        if shape.type_name == "list" and shape.serialization.get("flattened"):
            return self.type_of(shape.member) + "[]"
        line = {"structure": self.structure, "list": self.list, "map": self.map}[shape.type_name]
        # Marked as taken before what it holds is, for a shape that holds itself.
        if shape.name not in self.lines:
            self.lines[shape.name] = None
            self.lines[shape.name] = line(shape)
        return shape.name

    def scalar(self, shape):
        if shape.type_name == "timestamp":
            assert shape.serialization.get("timestampFormat", "iso8601") == "iso8601", shape
        # As botocore.handlers.json_decode_policies.
        if self.service == "iam" and shape.name == "policyDocumentType":
            return "policy"
        return SCALARS[shape.type_name]

    def structure(self, shape):
        members = {}
        for name, member in shape.members.items():
            if member.serialization.get("location"):
                continue
            kind = self.type_of(member)
            wire = wire_name(member, name)
            assert wire not in members, f"{shape.name} has {wire} twice"
            members[wire] = kind if wire == name else f"{name} {kind}"
        return {"members": members}

    def list(self, shape):
        default = "item" if self.service == "ec2" else "member"
        return {"list": [shape.member.serialization.get("name", default), self.item_type_of(shape.member)]}

    def map(self, shape):
        assert not shape.serialization.get("flattened"), f"{shape.name} is a flattened map"
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        return {"map": [key, self.item_type_of(shape.key), value, self.item_type_of(shape.value)]}

    def item_type_of(self, shape):
        kind = self.type_of(shape)
        assert not kind.endswith("[]"), f"{shape.name} is a flattened list that is no member"
        return kind


def wire_name(member, name):
    """As botocore.parsers: a flattened list goes by the name of its items, where they have one."""
    if member.serialization.get("xmlAttribute"):
        return "@" + member.serialization["name"]
    if member.type_name == "list" and member.serialization.get("flattened"):
        item = member.member.serialization.get("name")
        if item is not None:
            return item
    return member.serialization.get("name", name)


def operation_line(service, protocol, operation, shapes):
    if protocol == "json":
        return {}
    if protocol == "rest-json":
        assert operation.http["method"] == "GET", operation.name
        return {"path": operation.http["requestUri"]}
    output = operation.output_shape
    line = {"root": S3_ROOTS.get(operation.name) if service == "s3" else operation.name + "Response"}
    locations = {name: member.serialization for name, member in output.members.items() if member.serialization.get("location")}
    assert all(found["location"] == "header" for found in locations.values()), operation.name
    if locations:
        line["headers"] = {name: found["name"] for name, found in locations.items()}
    if "resultWrapper" in output.serialization:
        line["wrapper"] = output.serialization["resultWrapper"]
    payload = output.serialization.get("payload")
    if operation.name == "GetBucketLocation":
        # As botocore.handlers.parse_get_bucket_location: the model has an element too many.
        return {"root": line["root"], "text": "LocationConstraint"}
    if payload and output.members[payload].type_name in ("blob", "string"):
        return {"body": payload}
    if payload:
        line["payload"] = payload
        output = output.members[payload]
    line["output"] = shapes.type_of(output)
    return line


def one_a_line(entries):
    def line(name):
        value = json.dumps(entries[name], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"{json.dumps(name)}:{value}"

    return "{" + ",".join("\n" + line(name) for name in sorted(entries)) + "}"


def service_text(session, service):
    model = session.get_service_model(service)
    protocol = model.metadata["protocol"]
    shapes = Shapes(service)
    operations = {name: operation_line(service, protocol, model.operation_model(name), shapes) for name in OPERATIONS[service]}
    head = json.dumps(service_line(session, model), sort_keys=True, separators=(",", ":")).removesuffix("}")
    return f'"{service}":{head},"operations":{one_a_line(operations)},\n"shapes":{one_a_line(shapes.lines)}}}'


def service_line(session, model):
    """Where a service is asked, and what requests have to say of it."""
    told = model.metadata
    line = {
        "api": model.api_version,
        "endpoint": model.endpoint_prefix,
        "id": told["serviceId"],
        "protocol": told["protocol"],
        "signing": model.signing_name,
    }
    if told["protocol"] == "json":
        line |= {"json": told["jsonVersion"], "target": told["targetPrefix"]}
    hosts = {}
    for partition in session.get_component("data_loader").load_data("endpoints")["partitions"]:
        service = partition["services"].get(model.endpoint_prefix, {})
        if service.get("isRegionalized") is False:
            endpoint = service["endpoints"][service["partitionEndpoint"]]
            hosts[partition["partition"]] = [endpoint["hostname"], endpoint["credentialScope"]["region"]]
    return line | ({"hosts": hosts} if hosts else {})


def suffixes(session):
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    return {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in partitions}


def main():
    assert botocore.__version__ == BOTOCORE, f"expected botocore {BOTOCORE}, found {botocore.__version__}"
    session = botocore.session.Session()
    services = ",\n".join(service_text(session, service) for service in sorted(OPERATIONS))
    source = f"made by data/aws/generate_shapes.py from the service models of botocore {BOTOCORE} (https://github.com/boto/botocore)"
    licence = "Apache-2.0, Copyright Amazon.com, Inc. or its affiliates"
    ends = json.dumps(suffixes(session), sort_keys=True, separators=(",", ":"))
    text = f'{{"source":"{source}",\n"licence":"{licence}",\n"suffixes":{ends},\n"services":{{\n{services}}}}}\n'
    json.loads(text)
    pathlib.Path(__file__).with_name("shapes.json").write_text(text)


if __name__ == "__main__":
    main()
