#!/usr/bin/env python3
"""Records answers of AWS's wire protocols, and what boto3 makes of them, into recorded/.

A moto server (https://github.com/getmoto/moto, Apache License 2.0) is filled with a few resources of each kind and asked.
For each operation SERVICE-OPERATION.xml (or .body, if it is JSON) is the body as it was on the wire, SERVICE-OPERATION.json what
boto3 returned: without ResponseMetadata and what came in headers, times in ISO 8601, bytes in base64. No cloud is asked; the account
is moto's own.

    python3 -m venv venv
    venv/bin/pip install 'moto[server,ec2,rds,s3,iam,elbv2,autoscaling,awslambda]==5.2.5' boto3==1.44.8
    venv/bin/python data/aws/record.py            # replaces recorded/ next to this script

What moto cannot answer is written here by hand, by AWS's reference, and read by botocore: see WRITTEN. Of services that Elava asks
without the SDK's clients, requests.json holds what botocore would send for some parameters, endpoints.json where to.

Ids come from a seed, times from the clock: run it again only to record more. Pre-shared keys, though made up, are blanked.
"""

import base64
import datetime
import io
import json
import os
import pathlib
import re
import urllib.parse
import urllib.request
import zipfile

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

import boto3
import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.iam.models import ManagedPolicy
from moto.server import ThreadedMotoServer

RECORDED = pathlib.Path(__file__).with_name("recorded")
REGION = "eu-west-1"
ACCOUNT = "123456789012"
TAGS = [{"Key": "Name", "Value": "web & <api> \u00fc"}, {"Key": "empty", "Value": ""}]
SECRET = re.compile(r"(pre_shared_key(?:>|&gt;))[^<&]+")


EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
WRITTEN = {
    ("ec2", "DescribePlacementGroups"): f"""<?xml version="1.0" encoding="UTF-8"?>
<DescribePlacementGroupsResponse xmlns="{EC2}"><requestId>6f1c</requestId><placementGroupSet>
<item><groupName>batch</groupName><strategy>cluster</strategy><state>available</state><groupId>pg-0a1b2c3d4e5f60001</groupId>
<groupArn>arn:aws:ec2:eu-west-1:{ACCOUNT}:placement-group/batch</groupArn><tagSet><item><key>team</key><value>data &amp; ml</value></item></tagSet></item>
<item><groupName>spread</groupName><strategy>partition</strategy><state>available</state><partitionCount>3</partitionCount>
<groupId>pg-0a1b2c3d4e5f60002</groupId><groupArn>arn:aws:ec2:eu-west-1:{ACCOUNT}:placement-group/spread</groupArn><tagSet/></item>
</placementGroupSet></DescribePlacementGroupsResponse>
""",
    ("ec2", "DescribeReservedInstances"): f"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeReservedInstancesResponse xmlns="{EC2}"><requestId>6f1d</requestId><reservedInstancesSet>
<item><reservedInstancesId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</reservedInstancesId><instanceType>m6i.large</instanceType>
<start>2026-03-01T10:15:30.123Z</start><end>2027-03-01T10:15:29.000Z</end><duration>31536000</duration><usagePrice>0.0</usagePrice>
<fixedPrice>412.5</fixedPrice><instanceCount>2</instanceCount><productDescription>Linux/UNIX</productDescription><state>active</state>
<instanceTenancy>default</instanceTenancy><currencyCode>USD</currencyCode><offeringType>Partial Upfront</offeringType>
<offeringClass>standard</offeringClass><scope>Region</scope>
<recurringCharges><item><frequency>Hourly</frequency><amount>0.047</amount></item></recurringCharges></item>
</reservedInstancesSet></DescribeReservedInstancesResponse>
""",
    ("ec2", "DescribeCapacityReservations"): f"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeCapacityReservationsResponse xmlns="{EC2}"><requestId>6f1e</requestId><capacityReservationSet>
<item><capacityReservationId>cr-0a1b2c3d4e5f60001</capacityReservationId><ownerId>{ACCOUNT}</ownerId>
<capacityReservationArn>arn:aws:ec2:eu-west-1:{ACCOUNT}:capacity-reservation/cr-0a1b2c3d4e5f60001</capacityReservationArn>
<availabilityZoneId>euw1-az1</availabilityZoneId><instanceType>m6i.large</instanceType><instancePlatform>Linux/UNIX</instancePlatform>
<availabilityZone>eu-west-1a</availabilityZone><tenancy>default</tenancy><totalInstanceCount>3</totalInstanceCount>
<availableInstanceCount>1</availableInstanceCount><ebsOptimized>true</ebsOptimized><ephemeralStorage>false</ephemeralStorage>
<state>active</state><startDate>2026-10-01T08:00:00.000Z</startDate><endDateType>unlimited</endDateType>
<instanceMatchCriteria>open</instanceMatchCriteria><createDate>2026-10-01T07:59:58.000Z</createDate>
<tagSet><item><key>team</key><value>data &amp; ml</value></item></tagSet>
<capacityAllocationSet><item><allocationType>used</allocationType><count>2</count></item></capacityAllocationSet></item>
</capacityReservationSet></DescribeCapacityReservationsResponse>
""",
    ("rds", "DescribeReservedDBInstances"): f"""<DescribeReservedDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
<DescribeReservedDBInstancesResult><ReservedDBInstances><ReservedDBInstance><ReservedDBInstanceId>ri-2026-03</ReservedDBInstanceId>
<ReservedDBInstancesOfferingId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</ReservedDBInstancesOfferingId><DBInstanceClass>db.r6g.large</DBInstanceClass>
<StartTime>2026-03-01T10:15:30.123Z</StartTime><Duration>31536000</Duration><FixedPrice>0.0</FixedPrice><UsagePrice>0.0</UsagePrice>
<CurrencyCode>USD</CurrencyCode><DBInstanceCount>2</DBInstanceCount><ProductDescription>postgresql</ProductDescription>
<OfferingType>No Upfront</OfferingType><MultiAZ>true</MultiAZ><State>active</State><RecurringCharges><RecurringCharge>
<RecurringChargeAmount>0.176</RecurringChargeAmount><RecurringChargeFrequency>Hourly</RecurringChargeFrequency></RecurringCharge></RecurringCharges>
<ReservedDBInstanceArn>arn:aws:rds:eu-west-1:{ACCOUNT}:ri:ri-2026-03</ReservedDBInstanceArn></ReservedDBInstance></ReservedDBInstances>
</DescribeReservedDBInstancesResult><ResponseMetadata><RequestId>6f1f</RequestId></ResponseMetadata></DescribeReservedDBInstancesResponse>
""",
    ("cloudcontrol", "ListResources"): """{"NextToken":null,"ResourceDescriptions":[{"Identifier":"/web/access & <more>","Properties":
"{\\"RetentionInDays\\":30,\\"LogGroupName\\":\\"/web/access & <more>\\",\\"Arn\\":\\"arn:aws:logs:eu-west-1:123456789012:log-group:/web/access & <more>:*\\",\\"Tags\\":[{\\"Key\\":\\"Owner\\",\\"Value\\":\\"web\\"}]}"},
{"Identifier":"empty","Properties":"{\\"LogGroupName\\":\\"empty\\"}"}],"TypeName":"AWS::Logs::LogGroup"}
""",
    ("organizations", "ListAccounts"): """{"Accounts":[{"Arn":"arn:aws:organizations::123456789012:account/o-ab12cd34ef/123456789012","Email":"all@example.com",
"Id":"123456789012","JoinedMethod":"CREATED","Name":"all & <more>","State":"ACTIVE","Status":"ACTIVE"},
{"Arn":"arn:aws:organizations::123456789012:account/o-ab12cd34ef/210987654321","Email":"old@example.com","Id":"210987654321","JoinedMethod":"INVITED",
"Name":"old","State":"PENDING_CLOSURE"}],"NextToken":"next"}
""",
}


class Recorder:
    """Clients of one server, and the last body that each got."""

    def __init__(self, endpoint):
        self.session = boto3.Session("testing", "testing", region_name=REGION)
        self.session.events.register("before-parse", self.keep)
        self.endpoint = endpoint
        self.body = b""

    def keep(self, response_dict, **_):
        # Blanked before it is parsed, so that both files tell the same.
        text = response_dict["body"].decode()
        self.body = SECRET.sub(r"\1-", text).encode()
        response_dict["body"] = self.body

    def written(self):
        """Keeps what is written by hand."""
        for (service, operation), body in WRITTEN.items():
            self.body = body.encode()
            model = self.client(service).meta.service_model
            parser = botocore.parsers.create_parser(model.metadata["protocol"])
            answer = {"body": self.body, "headers": {}, "status_code": 200}
            self.keep_answer(model, operation, "", parser.parse(answer, model.operation_model(operation).output_shape))

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint)

    def record(self, client, operation, suffix="", **parameters):
        """Calls an operation, and keeps its answer unless the server cannot do it."""
        service = client.meta.service_model.service_name
        if (service, operation) in WRITTEN:
            return
        try:
            answer = getattr(client, snake(operation))(**parameters)
        except (ClientError, ResponseParserError) as error:
            print(f"not recorded: {service} {operation}: {str(error)[:150]}")
            return
        self.keep_answer(client.meta.service_model, operation, suffix, answer)

    def keep_answer(self, model, operation, suffix, answer):
        answer.pop("ResponseMetadata")
        output = model.operation_model(operation).output_shape
        for name, member in output.members.items():
            if member.serialization.get("location"):
                answer.pop(name, None)
        stem = RECORDED / f"{model.service_name}-{operation}{suffix}"
        stem.with_suffix(".body" if "json" in model.metadata["protocol"] else ".xml").write_bytes(self.body)
        text = json.dumps(answer, default=plain, sort_keys=True, indent=1, ensure_ascii=False)
        stem.with_suffix(".json").write_text(text + "\n")


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"no JSON for {value!r}")


def snake(operation):
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation)
    return words.lower()


def tagged(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def ec2(recorder):
    client = recorder.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    other = client.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    subnets = [
        client.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
        for at, zone in enumerate("ab")
    ]
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    gateway = client.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    egress = client.create_egress_only_internet_gateway(VpcId=other)
    routes = client.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    client.associate_route_table(RouteTableId=routes, SubnetId=subnets[0])
    client.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = client.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))["AllocationId"]
    nat = client.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    group = client.create_security_group(VpcId=vpc, GroupName="web", Description="web", TagSpecifications=tagged("security-group"))[
        "GroupId"
    ]
    client.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}, {"CidrIp": "10.0.0.0/8"}],
            },
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )
    client.create_key_pair(KeyName="deploy", TagSpecifications=tagged("key-pair"))
    reservation = client.run_instances(
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        KeyName="deploy",
        MinCount=2,
        MaxCount=2,
        SubnetId=subnets[0],
        SecurityGroupIds=[group],
        TagSpecifications=tagged("instance"),
    )
    instances = [instance["InstanceId"] for instance in reservation["Instances"]]
    client.associate_address(AllocationId=client.allocate_address(Domain="vpc")["AllocationId"], InstanceId=instances[0])
    volume = client.create_volume(AvailabilityZone=REGION + "a", Size=8, VolumeType="gp3", TagSpecifications=tagged("volume"))["VolumeId"]
    client.attach_volume(VolumeId=volume, InstanceId=instances[0], Device="/dev/sdf")
    client.create_snapshot(VolumeId=volume, Description="before\nthe <upgrade>", TagSpecifications=tagged("snapshot"))
    image = client.create_image(InstanceId=instances[1], Name="web", Description="baked")["ImageId"]
    client.stop_instances(InstanceIds=[instances[1]])
    client.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"}, TagSpecifications=tagged("launch-template")
    )
    client.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[routes], TagSpecifications=tagged("vpc-endpoint")
    )
    client.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.ec2", VpcEndpointType="Interface", SubnetIds=subnets)
    client.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, TagSpecifications=tagged("vpc-peering-connection"))
    client.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flows",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/flows",
    )
    transit = client.create_transit_gateway(Description="hub", TagSpecifications=tagged("transit-gateway"))["TransitGateway"][
        "TransitGatewayId"
    ]
    client.create_transit_gateway_vpc_attachment(
        TransitGatewayId=transit, VpcId=vpc, SubnetIds=subnets, TagSpecifications=tagged("transit-gateway-attachment")
    )
    client.create_transit_gateway_route_table(TransitGatewayId=transit, TagSpecifications=tagged("transit-gateway-route-table"))
    client.request_spot_instances(
        InstanceCount=1,
        SpotPrice="0.05",
        LaunchSpecification={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro", "SubnetId": subnets[0]},
        TagSpecifications=tagged("spot-instances-request"),
    )
    client.create_managed_prefix_list(
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=3,
        Entries=[{"Cidr": "192.0.2.0/24", "Description": "first"}],
        TagSpecifications=tagged("prefix-list"),
    )
    customer = client.create_customer_gateway(Type="ipsec.1", PublicIp="192.0.2.1", BgpAsn=65000)["CustomerGateway"]["CustomerGatewayId"]
    private = client.create_vpn_gateway(Type="ipsec.1", TagSpecifications=tagged("vpn-gateway"))["VpnGateway"]["VpnGatewayId"]
    client.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=private)
    client.create_vpn_connection(Type="ipsec.1", CustomerGatewayId=customer, VpnGatewayId=private, Options={"StaticRoutesOnly": True})
    client.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["example.internal"]},
            {"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]},
        ]
    )
    client.allocate_hosts(AvailabilityZone=REGION + "a", InstanceType="c5.large", Quantity=1, TagSpecifications=tagged("dedicated-host"))

    record = recorder.record
    record(client, "DescribeInstances")
    record(client, "DescribeInstances", "-none", Filters=[{"Name": "instance-type", "Values": ["none"]}])
    record(client, "DescribeVpcs", VpcIds=[vpc, other])
    for operation in ["Subnets", "RouteTables", "NetworkAcls", "NetworkInterfaces", "SecurityGroups"]:
        record(client, "Describe" + operation, Filters=inside)
    record(client, "DescribeSecurityGroupRules", Filters=[{"Name": "group-id", "Values": [group]}])
    record(client, "DescribeNatGateways", NatGatewayIds=[nat])
    record(
        client,
        "DescribeEgressOnlyInternetGateways",
        EgressOnlyInternetGatewayIds=[egress["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]],
    )
    record(client, "DescribeImages", ImageIds=[image])
    record(client, "DescribeSnapshots", OwnerIds=[ACCOUNT])
    record(client, "DescribeRegions", RegionNames=["eu-west-1", "us-east-1"])
    record(client, "DescribeManagedPrefixLists", Filters=[{"Name": "owner-id", "Values": [ACCOUNT]}])
    record(client, "DescribeTags", Filters=[{"Name": "resource-id", "Values": [vpc, gateway]}])
    plain_lists = (
        "InternetGateways Addresses Volumes KeyPairs LaunchTemplates VpcEndpoints VpcPeeringConnections FlowLogs TransitGateways"
        " TransitGatewayAttachments TransitGatewayVpcAttachments TransitGatewayRouteTables VpnConnections VpnGateways CustomerGateways DhcpOptions Hosts SpotInstanceRequests PlacementGroups ReservedInstances"
    )
    for operation in plain_lists.split():
        record(client, "Describe" + operation)
    return vpc, subnets, group, instances


def rds(recorder, subnets, group):
    client = recorder.client("rds")
    client.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=subnets, Tags=TAGS)
    client.create_db_parameter_group(DBParameterGroupName="pg16", DBParameterGroupFamily="postgres16", Description="logs", Tags=TAGS)
    client.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="aurora16", DBParameterGroupFamily="aurora-postgresql16", Description="cluster"
    )
    client.create_option_group(OptionGroupName="mysql8", EngineName="mysql", MajorEngineVersion="8.0", OptionGroupDescription="audit")
    client.create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.small",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
        DBSubnetGroupName="db",
        VpcSecurityGroupIds=[group],
        DBParameterGroupName="pg16",
        Tags=TAGS,
        EnableCloudwatchLogsExports=["postgresql"],
        StorageEncrypted=True,
    )
    client.create_global_cluster(GlobalClusterIdentifier="world", Engine="aurora-postgresql")
    cluster = client.create_db_cluster(
        DBClusterIdentifier="analytics",
        GlobalClusterIdentifier="world",
        Engine="aurora-postgresql",
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
        DBSubnetGroupName="db",
        VpcSecurityGroupIds=[group],
        Tags=TAGS,
    )["DBCluster"]["DBClusterArn"]
    client.create_db_instance(
        DBInstanceIdentifier="analytics-1", DBInstanceClass="db.r6g.large", Engine="aurora-postgresql", DBClusterIdentifier="analytics"
    )
    client.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="orders", Tags=TAGS)
    client.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="before", DBClusterIdentifier="analytics", Tags=TAGS)
    client.create_event_subscription(
        SubscriptionName="failover",
        SnsTopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:db",
        SourceType="db-instance",
        SourceIds=["orders"],
        EventCategories=["failover", "failure"],
        Enabled=True,
    )
    client.create_db_proxy(
        DBProxyName="pool",
        EngineFamily="POSTGRESQL",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/pool",
        VpcSubnetIds=subnets,
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db", "IAMAuth": "DISABLED"}],
    )
    lists = (
        "DBInstances DBClusters DBSnapshots DBClusterSnapshots DBSubnetGroups DBParameterGroups DBClusterParameterGroups"
        " EventSubscriptions DBProxies GlobalClusters"
    )
    for operation in lists.split():
        recorder.record(client, "Describe" + operation)
    recorder.record(client, "DescribeOptionGroups", OptionGroupName="mysql8")
    recorder.record(client, "ListTagsForResource", ResourceName=cluster)


def s3(recorder):
    client = recorder.client("s3")
    make = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    client.create_bucket(Bucket="data", ObjectLockEnabledForBucket=True, **make)
    client.create_bucket(Bucket="logs", **make)
    recorder.session.client("s3", endpoint_url=recorder.endpoint, region_name="us-east-1").create_bucket(Bucket="old")
    client.put_bucket_tagging(Bucket="data", Tagging={"TagSet": TAGS})
    client.put_bucket_encryption(
        Bucket="data",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/data"},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    client.put_public_access_block(Bucket="data", PublicAccessBlockConfiguration=block)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    client.put_bucket_policy(Bucket="data", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1))
    client.put_bucket_ownership_controls(Bucket="data", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    client.put_bucket_acl(
        Bucket="logs",
        GrantRead="uri=http://acs.amazonaws.com/groups/global/AllUsers",
        GrantFullControl='id="75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"',
    )
    client.put_bucket_acl(Bucket="logs", ACL="log-delivery-write")
    client.put_bucket_logging(
        Bucket="data", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "data/", "TargetGrants": []}}
    )
    client.put_bucket_lifecycle_configuration(
        Bucket="data",
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old",
                    "Status": "Enabled",
                    "Filter": {"And": {"Prefix": "a/", "Tags": TAGS}},
                    "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
                },
                {
                    "ID": "end",
                    "Status": "Disabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Date": datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)},
                },
            ]
        },
    )
    client.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "copy",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Destination": {"Bucket": "arn:aws:s3:::logs"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    client.put_bucket_replication(Bucket="data", ReplicationConfiguration={"Role": f"arn:aws:iam::{ACCOUNT}:role/copy", "Rules": [rule]})
    client.put_object_lock_configuration(
        Bucket="data",
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}},
    )
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "404.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}],
    }
    client.put_bucket_website(Bucket="data", WebsiteConfiguration=website)
    client.put_bucket_cors(
        Bucket="data", CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 60}]}
    )
    queue = {
        "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:new",
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a/"}]}},
    }
    recorder.client("sqs").create_queue(QueueName="new")
    client.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration={"QueueConfigurations": [queue]})

    recorder.record(client, "ListBuckets")
    recorder.record(client, "GetBucketLocation", Bucket="data")
    recorder.record(client, "GetBucketLocation", "-us-east-1", Bucket="old")
    recorder.record(client, "GetBucketAcl", Bucket="logs")
    recorder.record(client, "GetBucketLogging", "-none", Bucket="logs")
    getters = (
        "GetBucketTagging GetBucketVersioning GetBucketEncryption GetPublicAccessBlock GetBucketPolicy GetBucketPolicyStatus"
        " GetBucketOwnershipControls GetBucketLogging GetBucketLifecycleConfiguration GetBucketReplication GetObjectLockConfiguration"
        " GetBucketWebsite GetBucketCors GetBucketNotificationConfiguration"
    )
    for operation in getters.split():
        recorder.record(client, operation, Bucket="data")


def iam(recorder):
    client = recorder.client("iam")
    statement = {
        "Effect": "Allow",
        "Action": ["s3:Get*", "s3:List*"],
        "Resource": "*",
        "Condition": {"NumericLessThan": {"s3:max-keys": "10"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }
    )
    arn = client.create_policy(PolicyName="read", PolicyDocument=policy)["Policy"]["Arn"]
    client.create_group(GroupName="developers")
    client.put_group_policy(GroupName="developers", PolicyName="own", PolicyDocument=policy)
    client.create_user(UserName="ann", Path="/people/", Tags=TAGS)
    client.add_user_to_group(GroupName="developers", UserName="ann")
    client.attach_user_policy(UserName="ann", PolicyArn=arn)
    client.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy)
    client.create_role(RoleName="web", AssumeRolePolicyDocument=trust, Tags=TAGS)
    client.attach_role_policy(RoleName="web", PolicyArn=arn)
    client.create_instance_profile(InstanceProfileName="web")
    client.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    recorder.record(client, "GetAccountAuthorizationDetails", Filter=["User", "Role", "Group", "LocalManagedPolicy"])


def balancing(recorder, vpc, subnets, group, instances):
    client = recorder.client("elbv2")
    balancer = client.create_load_balancer(Name="web", Subnets=subnets, SecurityGroups=[group], Tags=TAGS)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    target = client.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, Matcher={"HttpCode": "200-299"})["TargetGroups"][
        0
    ]["TargetGroupArn"]
    client.register_targets(TargetGroupArn=target, Targets=[{"Id": instances[0]}])
    login = {
        "Issuer": "https://login.example.com",
        "AuthorizationEndpoint": "https://login.example.com/auth",
        "TokenEndpoint": "https://login.example.com/token",
        "UserInfoEndpoint": "https://login.example.com/user",
        "ClientId": "web",
        "ClientSecret": "not-a-secret",
        "AuthenticationRequestExtraParams": {"prompt": "login", "display": "page"},
    }
    forward = {"Type": "forward", "TargetGroupArn": target}
    try:
        actions = [{"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": login}, {**forward, "Order": 2}]
        client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=8080, DefaultActions=actions)
    except ClientError as error:
        print(f"no listener that authenticates: {error}")
    client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
    client.create_load_balancer(Name="mail", Type="network", Scheme="internal", Subnets=subnets)
    client.create_load_balancer(Name="inspect", Type="gateway", Subnets=subnets[:1])
    recorder.record(client, "DescribeLoadBalancers")
    recorder.record(client, "DescribeLoadBalancerAttributes", LoadBalancerArn=balancer)
    recorder.record(client, "DescribeListeners", LoadBalancerArn=balancer)
    recorder.record(client, "DescribeTargetGroups")
    recorder.record(client, "DescribeTags", ResourceArns=[balancer])

    client = recorder.client("autoscaling")
    client.create_launch_configuration(LaunchConfigurationName="web", ImageId="ami-12c6146b", InstanceType="t3.micro")
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=1,
        MaxSize=3,
        DesiredCapacity=1,
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[target],
        Tags=[{"Key": "Name", "Value": "web", "PropagateAtLaunch": True}],
    )
    recorder.record(client, "DescribeAutoScalingGroups")


def functions(recorder):
    role = "arn:aws:iam::%s:role/web" % ACCOUNT
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), "def handle(event, context):\n    return event\n")
    client = recorder.client("lambda")
    made = client.create_function(
        FunctionName="resize",
        Runtime="python3.12",
        Role=role,
        Handler="main.handle",
        Code={"ZipFile": packed.getvalue()},
        Description="thumbs & <more>",
        Environment={"Variables": {"STAGE": "not-a-secret"}},
        Tags={tag["Key"]: tag["Value"] for tag in TAGS},
    )
    client.create_function(FunctionName="bare", Runtime="nodejs20.x", Role=role, Handler="main.handle", Code={"ZipFile": packed.getvalue()})
    recorder.record(client, "ListFunctions")
    recorder.record(client, "ListTags", Resource=made["FunctionArn"])


def requests(session):
    """What botocore sends for some parameters."""
    asked = [
        ("iam", "GetAccountAuthorizationDetails", {"Filter": ["User", "AWSManagedPolicy"], "MaxItems": 1000, "Marker": "a+/=& ~"}),
        ("elbv2", "DescribeTags", {"ResourceArns": ["arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a b/1", "\u00fc"]}),
        ("autoscaling", "DescribeAutoScalingGroups", {}),
        ("lambda", "ListFunctions", {"MaxItems": 50, "Marker": "a+/=& ~"}),
        ("lambda", "ListTags", {"Resource": "arn:aws:lambda:eu-west-1:123456789012:function:resize"}),
        ("cloudcontrol", "ListResources", {"TypeName": "AWS::Logs::LogGroup", "MaxResults": 100, "NextToken": "a\"\u00fc"}),
        ("organizations", "ListAccounts", {"NextToken": "a+/="}),
    ]
    for service, operation, parameters in asked:
        model = session.get_service_model(service)
        sent = botocore.serialize.create_serializer(model.metadata["protocol"]).serialize_to_request(
            parameters, model.operation_model(operation)
        )
        body = sent["body"]
        body = urllib.parse.urlencode(body) if isinstance(body, dict) else body.decode() if body else ""
        path = sent["url_path"] + ("?" + urllib.parse.urlencode(sent["query_string"]) if sent["query_string"] else "")
        headers = {name.lower(): value for name, value in sent["headers"].items()}
        yield {"service": service, "operation": operation, "input": parameters} | {
            "method": sent["method"],
            "path": path,
            "headers": {name: headers[name] for name in ("content-type", "x-amz-target") if sent["method"] == "POST" and name in headers},
            "body": body,
        }


def endpoints(session):
    """Where botocore sends requests, and the region that it signs them for."""
    for service in ("autoscaling", "cloudcontrol", "elbv2", "iam", "lambda", "organizations"):
        for region in ("us-east-1", "eu-west-1", "ap-southeast-7", "cn-north-1", "us-gov-east-1", "us-iso-east-1", "eusc-de-east-1"):
            client = session.create_client(service, region, aws_access_key_id="testing", aws_secret_access_key="testing")
            found = client._ruleset_resolver._provider.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
            scheme = next(iter(found.properties.get("authSchemes", [])), {})
            yield {"service": service, "region": region, "url": found.url, "signed_for": scheme.get("signingRegion", region)}


def keep(name, entries):
    lines = ",\n".join(json.dumps(entry, sort_keys=True) for entry in entries)
    (RECORDED / name).write_text(f"[\n{lines}\n]\n")


def main():
    # Moto leaves both out of the details of an account, which AWS does not.
    ManagedPolicy.policy_name = property(lambda policy: policy.name)
    ManagedPolicy.policy_id = property(lambda policy: policy.id)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/seed?a=42", method="POST")).read()
    RECORDED.mkdir(exist_ok=True)
    for old in RECORDED.iterdir():
        old.unlink()
    recorder = Recorder(endpoint)
    vpc, subnets, group, instances = ec2(recorder)
    rds(recorder, subnets, group)
    s3(recorder)
    iam(recorder)
    balancing(recorder, vpc, subnets, group, instances)
    functions(recorder)
    recorder.record(recorder.client("sts"), "GetCallerIdentity")
    recorder.written()
    server.stop()
    session = botocore.session.Session()
    keep("requests.json", requests(session))
    keep("endpoints.json", endpoints(session))


if __name__ == "__main__":
    main()
