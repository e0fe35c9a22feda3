"""What boto3 says that there is, by Elava's resource types, regions and ids."""

import base64
import datetime
import json

from botocore.exceptions import ClientError

# Service, operation, the member with the list, Elava's type, and the member that is the id.
LISTS = [
    ("ec2", "describe_vpcs", "Vpcs", "aws_vpc", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "aws_vpc_subnet", "SubnetId"),
    ("ec2", "describe_route_tables", "RouteTables", "aws_vpc_route_table", "RouteTableId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "aws_vpc_nat_gateway", "NatGatewayId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "aws_vpc_internet_gateway", "InternetGatewayId"),
    (
        "ec2",
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways",
        "aws_vpc_egress_only_internet_gateway",
        "EgressOnlyInternetGatewayId",
    ),
    ("ec2", "describe_security_groups", "SecurityGroups", "aws_vpc_security_group", "GroupId"),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules", "aws_vpc_security_group_rule", "SecurityGroupRuleId"),
    ("ec2", "describe_network_acls", "NetworkAcls", "aws_vpc_network_acl", "NetworkAclId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", "aws_ec2_network_interface", "NetworkInterfaceId"),
    ("ec2", "describe_addresses", "Addresses", "aws_vpc_eip", "AllocationId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "aws_vpc_endpoint", "VpcEndpointId"),
    ("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections", "aws_vpc_peering_connection", "VpcPeeringConnectionId"),
    ("ec2", "describe_volumes", "Volumes", "aws_ebs_volume", "VolumeId"),
    ("ec2", "describe_snapshots", "Snapshots", "aws_ebs_snapshot", "SnapshotId"),
    ("ec2", "describe_images", "Images", "aws_ec2_ami", "ImageId"),
    ("ec2", "describe_key_pairs", "KeyPairs", "aws_ec2_key_pair", "KeyPairId"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "aws_ec2_launch_template", "LaunchTemplateId"),
    ("ec2", "describe_flow_logs", "FlowLogs", "aws_vpc_flow_log", "FlowLogId"),
    ("ec2", "describe_transit_gateways", "TransitGateways", "aws_ec2_transit_gateway", "TransitGatewayId"),
    (
        "ec2",
        "describe_transit_gateway_attachments",
        "TransitGatewayAttachments",
        "aws_ec2_transit_gateway_attachment",
        "TransitGatewayAttachmentId",
    ),
    (
        "ec2",
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments",
        "aws_ec2_transit_gateway_vpc_attachment",
        "TransitGatewayAttachmentId",
    ),
    (
        "ec2",
        "describe_transit_gateway_route_tables",
        "TransitGatewayRouteTables",
        "aws_ec2_transit_gateway_route_table",
        "TransitGatewayRouteTableId",
    ),
    ("ec2", "describe_vpn_connections", "VpnConnections", "aws_vpc_vpn_connection", "VpnConnectionId"),
    ("ec2", "describe_vpn_gateways", "VpnGateways", "aws_vpc_vpn_gateway", "VpnGatewayId"),
    ("ec2", "describe_customer_gateways", "CustomerGateways", "aws_vpc_customer_gateway", "CustomerGatewayId"),
    ("ec2", "describe_dhcp_options", "DhcpOptions", "aws_vpc_dhcp_options", "DhcpOptionsId"),
    ("ec2", "describe_hosts", "Hosts", "aws_ec2_host", "HostId"),
    ("ec2", "describe_managed_prefix_lists", "PrefixLists", "aws_ec2_managed_prefix_list", "PrefixListId"),
    ("ec2", "describe_spot_instance_requests", "SpotInstanceRequests", "aws_ec2_spot_instance_request", "SpotInstanceRequestId"),
    ("rds", "describe_db_instances", "DBInstances", "aws_rds_db_instance", "DBInstanceIdentifier"),
    ("rds", "describe_db_clusters", "DBClusters", "aws_rds_db_cluster", "DBClusterIdentifier"),
    ("rds", "describe_db_snapshots", "DBSnapshots", "aws_rds_db_snapshot", "DBSnapshotIdentifier"),
    ("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", "aws_rds_db_cluster_snapshot", "DBClusterSnapshotIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "aws_rds_db_subnet_group", "DBSubnetGroupName"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", "aws_rds_db_parameter_group", "DBParameterGroupName"),
    (
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups",
        "aws_rds_db_cluster_parameter_group",
        "DBClusterParameterGroupName",
    ),
    ("rds", "describe_option_groups", "OptionGroupsList", "aws_rds_db_option_group", "OptionGroupName"),
    ("rds", "describe_event_subscriptions", "EventSubscriptionsList", "aws_rds_db_event_subscription", "CustSubscriptionId"),
    ("rds", "describe_db_proxies", "DBProxies", "aws_rds_db_proxy", "DBProxyName"),
    ("rds", "describe_global_clusters", "GlobalClusters", "aws_rds_global_cluster", "GlobalClusterIdentifier"),
]
LISTS += [
    ("elbv2", "describe_target_groups", "TargetGroups", "aws_ec2_target_group", "TargetGroupArn"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "aws_ec2_autoscaling_group", "AutoScalingGroupName"),
    ("lambda", "list_functions", "Functions", "aws_lambda_function", "FunctionName"),
]
# Member of the details of an account, Elava's type, and the member that is the id.
IDENTITIES = [
    ("RoleDetailList", "aws_iam_role", "RoleName"),
    ("UserDetailList", "aws_iam_user", "UserName"),
    ("GroupDetailList", "aws_iam_group", "GroupName"),
    ("Policies", "aws_iam_policy", "Arn"),
]
BALANCERS = {kind: f"aws_ec2_{kind}_load_balancer" for kind in ("application", "network", "gateway")}
LISTENER = "aws_ec2_load_balancer_listener"
OWN = {"describe_snapshots": {"OwnerIds": ["self"]}, "describe_images": {"Owners": ["self"]}}

# Member, operation, and the codes that say "not configured".
BUCKET_MEMBERS = [
    ("Acl", "get_bucket_acl", []),
    ("Cors", "get_bucket_cors", ["NoSuchCORSConfiguration"]),
    ("Encryption", "get_bucket_encryption", ["ServerSideEncryptionConfigurationNotFoundError"]),
    ("LifecycleConfiguration", "get_bucket_lifecycle_configuration", ["NoSuchLifecycleConfiguration"]),
    ("Logging", "get_bucket_logging", []),
    ("NotificationConfiguration", "get_bucket_notification_configuration", []),
    ("ObjectLockConfiguration", "get_object_lock_configuration", ["ObjectLockConfigurationNotFoundError"]),
    ("OwnershipControls", "get_bucket_ownership_controls", ["OwnershipControlsNotFoundError"]),
    ("Policy", "get_bucket_policy", ["NoSuchBucketPolicy"]),
    ("PolicyStatus", "get_bucket_policy_status", ["NoSuchBucketPolicy"]),
    ("PublicAccessBlock", "get_public_access_block", ["NoSuchPublicAccessBlockConfiguration"]),
    ("Replication", "get_bucket_replication", ["ReplicationConfigurationNotFoundError"]),
    ("Tagging", "get_bucket_tagging", ["NoSuchTagSet"]),
    ("Versioning", "get_bucket_versioning", []),
    ("Website", "get_bucket_website", ["NoSuchWebsiteConfiguration"]),
]


def expect(clients, account, regions):
    """All that an account has in these regions: type, region, id, properties. Types of which there is none are there too."""
    resources = {"aws_ec2_instance": {}, "aws_s3_bucket": {}, LISTENER: {}} | {entry[3]: {} for entry in LISTS}
    resources |= {kind: {} for kind in BALANCERS.values()} | {kind: {} for _, kind, _ in IDENTITIES}
    for region in regions:
        balancing = clients.client(account, region, "elbv2")
        for balancer in balancers(balancing):
            put(resources[BALANCERS[balancer["Type"]]], region, "LoadBalancerArn", [balancer])
            listeners = listed(balancing, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"])
            put(resources[LISTENER], region, "ListenerArn", listeners)
        for service, operation, member, resource_type, id_member in LISTS:
            client = clients.client(account, region, service)
            found = listed(client, operation, member, **OWN.get(operation, {}))
            if operation == "describe_managed_prefix_lists":
                found = [each for each in found if each["OwnerId"] == account]
            if operation == "describe_global_clusters":
                # Each of its regions lists a cluster, which lies in that of its writer.
                found = [each for each in found if writer_region(each, region) == region]
            put(resources[resource_type], region, id_member, found)
        reservations = listed(clients.client(account, region, "ec2"), "describe_instances", "Reservations")
        instances = [instance for reservation in reservations for instance in reservation["Instances"]]
        put(resources["aws_ec2_instance"], region, "InstanceId", instances)
    for member, resource_type, id_member in IDENTITIES:
        details = listed(clients.client(account, regions[0], "iam"), "get_account_authorization_details", member)
        unused = [each for each in details if ":iam::aws:" in each["Arn"] and each["AttachmentCount"] == 0]
        put(resources[resource_type], "global", id_member, [each for each in details if each not in unused])
    for bucket in buckets(clients.client(account, regions[0], "s3")):
        if bucket["BucketRegion"] in regions:
            put(resources["aws_s3_bucket"], bucket["BucketRegion"], "Name", [bucket])
    return plain(resources)


def writer_region(cluster, asked):
    writers = [member["DBClusterArn"].split(":")[3] for member in cluster["GlobalClusterMembers"] if member["IsWriter"]]
    return writers[0] if writers else asked


def expect_tags(clients, account, regions):
    """The tags of what is listed without them, by ARN: as the services themselves tell them, one by one."""
    tags = {}
    for region in regions:
        balancing, functions = clients.client(account, region, "elbv2"), clients.client(account, region, "lambda")
        arns = [each["LoadBalancerArn"] for each in listed(balancing, "describe_load_balancers", "LoadBalancers")]
        groups = [each["TargetGroupArn"] for each in listed(balancing, "describe_target_groups", "TargetGroups")]
        listeners = [
            each["ListenerArn"]
            for arn in arns
            for each in listed(balancing, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        ]
        for arn in [*arns, *groups, *listeners]:
            found = balancing.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
            tags[arn] = {tag["Key"]: tag["Value"] for tag in found}
        for function in listed(functions, "list_functions", "Functions"):
            tags[function["FunctionArn"]] = functions.list_tags(Resource=function["FunctionArn"])["Tags"]
    return tags


def expect_types(clients, account, regions, types):
    """What Cloud Control lists of these types."""
    resources = {}
    for region in regions:
        client = clients.client(account, region, "cloudcontrol")
        for name in types:
            found = listed(client, "list_resources", "ResourceDescriptions", TypeName=name)
            by_id = {each["Identifier"]: json.loads(each["Properties"]) for each in found}
            resources.setdefault(name, {})[region] = by_id
    return resources


def listed(client, operation, member, **parameters):
    if not client.can_paginate(operation):
        return getattr(client, operation)(**parameters)[member]
    return [item for page in client.get_paginator(operation).paginate(**parameters) for item in page[member]]


def put(by_region, region, id_member, found):
    for resource in found:
        by_id = by_region.setdefault(region, {})
        if resource[id_member] in by_id:
            raise ValueError(f"{resource[id_member]} was listed twice")
        by_id[resource[id_member]] = resource


def balancers(client):
    for balancer in listed(client, "describe_load_balancers", "LoadBalancers"):
        attributes = client.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
        yield balancer | {"LoadBalancerAttributes": attributes}


def buckets(client):
    for bucket in listed(client, "list_buckets", "Buckets"):
        name = bucket["Name"]
        region = client.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1"
        members = {member: setting(client, operation, codes, name) for member, operation, codes in BUCKET_MEMBERS}
        yield bucket | {"BucketRegion": region} | members


def setting(client, operation, codes, bucket):
    try:
        answer = getattr(client, operation)(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise
    answer.pop("ResponseMetadata")
    return answer


def plain(value):
    """As JSON can tell it: times in ISO 8601, bytes in base64."""
    match value:
        case dict():
            return {name: plain(member) for name, member in value.items()}
        case list():
            return [plain(item) for item in value]
        case datetime.datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value
