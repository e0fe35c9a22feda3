"""Makes an estate: something of all that can be scanned and that moto knows, named and tagged as badly as people do."""

import json

from botocore.exceptions import ClientError

from buckets import build_buckets
from workloads import build_workloads

TAGS = [
    {"Key": "Owner", "Value": "team & <web> \"x\" 'y'"},
    {"Key": "cost center/2026:öre", "Value": "1/2 — ¢\U0001f600"},
    {"Key": "empty", "Value": ""},
]
IMAGE = "ami-12c6146b"
USER_DATA = "#!/bin/sh\nexport TOKEN=user-data-never-to-be-stored\n"
PASSWORD = "password-never-to-be-stored"


def tags(name):
    return [{"Key": "Name", "Value": name}, *TAGS]


def tagged(kind, name):
    return [{"ResourceType": kind, "Tags": tags(name)}]


class Builder:
    """Makes the estate of one account and region, and remembers the ids for those who change it."""

    def __init__(self, clients, account, region, size):
        self.account, self.region, self.size = account, region, size
        self.ec2, self.rds, self.s3, self.iam, self.sqs, self.elbv2, self.autoscaling, self.functions_client, self.logs = (
            clients.client(account, region, service) for service in ("ec2", "rds", "s3", "iam", "sqs", "elbv2", "autoscaling", "lambda", "logs")
        )
        self.zones = [region + "a", region + "b"]
        self.vpcs, self.subnets, self.groups, self.route_tables, self.gateways = [], [], [], [], []
        self.addresses, self.nats, self.instances, self.volumes, self.snapshots = [], [], [], [], []
        self.buckets, self.prefix_lists = [], []

    def build(self):
        for at in range(self.size + 1):
            self.build_network(at)
        self.build_connections()
        profile = self.instance_profile()
        for at in range(self.size):
            self.build_machines(at, profile)
            self.build_databases(at)
        self.build_extremes(profile)
        build_buckets(self)
        build_workloads(self, tags)

    # Networks

    def build_network(self, at):
        ec2 = self.ec2
        block = f"10.{at}.0.0/16"
        vpc = ec2.create_vpc(
            CidrBlock=block, AmazonProvidedIpv6CidrBlock=at == 0, TagSpecifications=tagged("vpc", f"net {at} <main> & 'more'")
        )
        vpc = vpc["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.{at}.{number}.0/24",
                AvailabilityZone=zone,
                TagSpecifications=tagged("subnet", f"net {at}/{number}"),
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate(self.zones)
        ]
        ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
        gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", f"out {at}"))["InternetGateway"][
            "InternetGatewayId"
        ]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", f"nat {at}"))["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address, TagSpecifications=tagged("natgateway", f"nat {at}"))[
            "NatGateway"
        ]["NatGatewayId"]
        public, private = (
            ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", f"{kind} {at}"))["RouteTable"]["RouteTableId"]
            for kind in ("public", "private")
        )
        ec2.associate_route_table(RouteTableId=public, SubnetId=subnets[0])
        ec2.associate_route_table(RouteTableId=private, SubnetId=subnets[1])
        ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.create_route(RouteTableId=private, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        if at == 0:
            egress = ec2.create_egress_only_internet_gateway(VpcId=vpc, TagSpecifications=tagged("egress-only-internet-gateway", "out v6"))
            egress = egress["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
            ec2.create_route(RouteTableId=private, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=egress)
        self.build_access_list(vpc, subnets, at)
        self.vpcs.append(vpc)
        self.subnets.append(subnets)
        self.gateways.append(gateway)
        self.addresses.append(address)
        self.nats.append(nat)
        self.route_tables.append((public, private))
        self.groups.append(self.build_groups(vpc, at))

    def build_access_list(self, vpc, subnets, at):
        ec2 = self.ec2
        access = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tagged("network-acl", f"edge {at}"))["NetworkAcl"]["NetworkAclId"]
        for number, (action, port, egress) in enumerate([("allow", 443, False), ("deny", 22, False), ("allow", 1024, True)], start=1):
            ec2.create_network_acl_entry(
                NetworkAclId=access,
                RuleNumber=100 * number,
                Protocol="6",
                RuleAction=action,
                Egress=egress,
                CidrBlock="0.0.0.0/0",
                PortRange={"From": port, "To": port},
            )
        mine = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnets[1]]}])["NetworkAcls"][0]
        association = next(each for each in mine["Associations"] if each["SubnetId"] == subnets[1])
        ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=access)

    def build_groups(self, vpc, at):
        ec2 = self.ec2
        web, data, closed = (
            ec2.create_security_group(
                VpcId=vpc,
                GroupName=f"{name} {at}",
                Description=f"{name} & <more>",
                TagSpecifications=tagged("security-group", f"{name} {at}"),
            )["GroupId"]
            for name in ("web", "data", "closed")
        )
        ec2.authorize_security_group_ingress(
            GroupId=web,
            IpPermissions=[
                port(443, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "all of <it>"}, {"CidrIp": "10.0.0.0/8"}]),
                port(80, Ipv6Ranges=[{"CidrIpv6": "::/0"}]),
                {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            ],
        )
        ec2.authorize_security_group_ingress(
            GroupId=data,
            IpPermissions=[
                port(5432, UserIdGroupPairs=[{"GroupId": web, "Description": "from web"}]),
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": data}]},
            ],
        )
        ec2.revoke_security_group_egress(GroupId=closed, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        return [web, data, closed]

    def build_connections(self):
        ec2, vpcs = self.ec2, self.vpcs
        peering = ec2.create_vpc_peering_connection(
            VpcId=vpcs[0], PeerVpcId=vpcs[1], TagSpecifications=tagged("vpc-peering-connection", "a ↔ b")
        )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
        ec2.create_route(RouteTableId=self.route_tables[0][1], DestinationCidrBlock="10.1.0.0/16", VpcPeeringConnectionId=peering)
        self.transit = ec2.create_transit_gateway(Description="hub", TagSpecifications=tagged("transit-gateway", "hub"))["TransitGateway"][
            "TransitGatewayId"
        ]
        for vpc, subnets in zip(vpcs, self.subnets, strict=True):
            ec2.create_transit_gateway_vpc_attachment(
                TransitGatewayId=self.transit, VpcId=vpc, SubnetIds=subnets, TagSpecifications=tagged("transit-gateway-attachment", "spoke")
            )
        ec2.create_transit_gateway_route_table(
            TransitGatewayId=self.transit, TagSpecifications=tagged("transit-gateway-route-table", "spokes")
        )
        for at in range(self.size):
            offices = ec2.create_managed_prefix_list(
                PrefixListName=f"offices {at}",
                AddressFamily="IPv4",
                MaxEntries=3,
                Entries=[{"Cidr": f"192.0.{at}.0/24", "Description": "first <&>"}],
                TagSpecifications=tagged("prefix-list", f"offices {at}"),
            )
            self.prefix_lists.append(offices["PrefixList"]["PrefixListId"])
        options = ec2.create_dhcp_options(
            DhcpConfigurations=[
                {"Key": "domain-name", "Values": ["example.internal"]},
                {"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]},
            ],
            TagSpecifications=tagged("dhcp-options", "names"),
        )["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpcs[0])
        for at in range(self.size):
            customer = ec2.create_customer_gateway(
                Type="ipsec.1",
                PublicIp=f"192.0.2.{at + 1}",
                BgpAsn=65000 + at,
                TagSpecifications=tagged("customer-gateway", f"office {at}"),
            )["CustomerGateway"]["CustomerGatewayId"]
            private = ec2.create_vpn_gateway(Type="ipsec.1", TagSpecifications=tagged("vpn-gateway", f"vpn {at}"))["VpnGateway"][
                "VpnGatewayId"
            ]
            ec2.attach_vpn_gateway(VpcId=vpcs[at], VpnGatewayId=private)
            ec2.create_vpn_connection(
                Type="ipsec.1",
                CustomerGatewayId=customer,
                VpnGatewayId=private,
                Options={"StaticRoutesOnly": True},
                TagSpecifications=tagged("vpn-connection", f"office {at}"),
            )
            self.build_in_network(at)

    def build_in_network(self, at):
        ec2, vpc = self.ec2, self.vpcs[at]
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{self.region}.s3",
            RouteTableIds=[self.route_tables[at][1]],
            TagSpecifications=tagged("vpc-endpoint", f"s3 {at}"),
        )
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{self.region}.ec2",
            VpcEndpointType="Interface",
            SubnetIds=self.subnets[at],
            SecurityGroupIds=self.groups[at][:1],
        )
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=f"flows/{at}",
            DeliverLogsPermissionArn=f"arn:aws:iam::{self.account}:role/flows",
            TagSpecifications=tagged("vpc-flow-log", f"flows {at}"),
        )
        ec2.create_network_interface(
            SubnetId=self.subnets[at][1],
            Groups=self.groups[at][1:],
            Description="spare <interface>",
            TagSpecifications=tagged("network-interface", f"spare {at}"),
        )

    # Machines

    def instance_profile(self):
        """The account's profile for machines, made with the first of its regions."""
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        try:
            self.iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
            self.iam.create_instance_profile(InstanceProfileName="web")
            self.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise
        return {"Name": "web"}

    def build_machines(self, at, profile):
        ec2 = self.ec2
        ec2.create_key_pair(KeyName=f"deploy {at} & <co>", TagSpecifications=tagged("key-pair", f"deploy {at}"))
        disk = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 50 + at, "VolumeType": "gp3", "DeleteOnTermination": False}}
        made = ec2.run_instances(
            ImageId=IMAGE,
            InstanceType="t3.micro" if at % 2 else "m5.large",
            KeyName=f"deploy {at} & <co>",
            MinCount=2,
            MaxCount=2,
            SubnetId=self.subnets[at][0],
            SecurityGroupIds=self.groups[at][:2],
            IamInstanceProfile=profile,
            BlockDeviceMappings=[disk],
            UserData=USER_DATA,
            MetadataOptions={"HttpTokens": "required"},
            TagSpecifications=[*tagged("instance", f"web {at}"), *tagged("volume", f"web {at}")],
        )["Instances"]
        first, second = (instance["InstanceId"] for instance in made)
        self.instances += [first, second]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.associate_address(AllocationId=address, InstanceId=first)
        self.addresses.append(ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", f"spare {at}"))["AllocationId"])
        attached, loose = (
            ec2.create_volume(
                AvailabilityZone=self.zones[0],
                Size=8 + at,
                VolumeType="gp3",
                Encrypted=kind == "loose",
                TagSpecifications=tagged("volume", f"{kind} {at}"),
            )["VolumeId"]
            for kind in ("attached", "loose")
        )
        ec2.attach_volume(VolumeId=attached, InstanceId=first, Device="/dev/sdg")
        self.volumes.append(loose)
        snapshot = ec2.create_snapshot(
            VolumeId=attached, Description="before\nthe <upgrade>", TagSpecifications=tagged("snapshot", f"v{at}")
        )
        self.snapshots.append(snapshot["SnapshotId"])
        ec2.create_image(InstanceId=second, Name=f"web/{at}", Description="baked & ready", TagSpecifications=tagged("image", f"web {at}"))
        self.build_template(at)
        ec2.request_spot_instances(
            InstanceCount=1,
            SpotPrice="0.05",
            LaunchSpecification={"ImageId": IMAGE, "InstanceType": "t3.micro", "SubnetId": self.subnets[at][0]},
            TagSpecifications=tagged("spot-instances-request", f"spot {at}"),
        )
        ec2.allocate_hosts(
            AvailabilityZone=self.zones[0], InstanceType="c5.large", Quantity=1, TagSpecifications=tagged("dedicated-host", f"host {at}")
        )

    def build_template(self, at):
        data = {"InstanceType": "t3.micro", "ImageId": IMAGE, "UserData": "ZXhwb3J0IFRPS0VOPXg="}
        template = self.ec2.create_launch_template(
            LaunchTemplateName=f"web({at})/x", LaunchTemplateData=data, TagSpecifications=tagged("launch-template", f"web {at}")
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data | {"InstanceType": "t3.small"})

    def build_extremes(self, profile):
        """An instance without anything, a stopped one, and one that was terminated."""
        bare, stopped, gone = (
            self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.nano", MinCount=1, MaxCount=1, SubnetId=self.subnets[0][0])["Instances"][
                0
            ]["InstanceId"]
            for _ in range(3)
        )
        self.ec2.stop_instances(InstanceIds=[stopped])
        self.ec2.terminate_instances(InstanceIds=[gone])
        self.instances += [bare, stopped]

    # Databases

    def build_databases(self, at):
        rds, subnets, group = self.rds, self.subnets[at], self.groups[at][1]
        rds.create_db_subnet_group(
            DBSubnetGroupName=f"subnets-{at}", DBSubnetGroupDescription="for <data>", SubnetIds=subnets, Tags=tags(f"subnets {at}")
        )
        rds.create_db_parameter_group(
            DBParameterGroupName=f"pg16-{at}", DBParameterGroupFamily="postgres16", Description="logs & more", Tags=tags(f"pg16 {at}")
        )
        rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=f"aurora16-{at}", DBParameterGroupFamily="aurora-postgresql16", Description="cluster", Tags=TAGS
        )
        rds.create_option_group(
            OptionGroupName=f"mysql8-{at}", EngineName="mysql", MajorEngineVersion="8.0", OptionGroupDescription="audit", Tags=TAGS
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"orders-{at}",
            DBInstanceClass="db.t3.small",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="root",
            MasterUserPassword=PASSWORD,
            DBSubnetGroupName=f"subnets-{at}",
            VpcSecurityGroupIds=[group],
            DBParameterGroupName=f"pg16-{at}",
            EnableCloudwatchLogsExports=["postgresql"],
            StorageEncrypted=True,
            PubliclyAccessible=at == 0,
            Tags=tags(f"orders {at}"),
        )
        rds.create_global_cluster(GlobalClusterIdentifier=f"world-{self.region}-{at}", Engine="aurora-postgresql")
        rds.create_db_cluster(
            DBClusterIdentifier=f"analytics-{at}",
            GlobalClusterIdentifier=f"world-{self.region}-{at}",
            Engine="aurora-postgresql",
            MasterUsername="root",
            MasterUserPassword=PASSWORD,
            DBSubnetGroupName=f"subnets-{at}",
            VpcSecurityGroupIds=[group],
            Tags=tags(f"analytics {at}"),
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"analytics-{at}-1",
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
            DBClusterIdentifier=f"analytics-{at}",
        )
        rds.create_db_snapshot(DBSnapshotIdentifier=f"before-{at}", DBInstanceIdentifier=f"orders-{at}", Tags=tags(f"before {at}"))
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=f"before-{at}", DBClusterIdentifier=f"analytics-{at}", Tags=TAGS)
        rds.create_event_subscription(
            SubscriptionName=f"failover-{at}",
            SnsTopicArn=f"arn:aws:sns:{self.region}:{self.account}:db",
            SourceType="db-instance",
            SourceIds=[f"orders-{at}"],
            EventCategories=["failover", "failure"],
            Enabled=True,
            Tags=TAGS,
        )
        rds.create_db_proxy(
            DBProxyName=f"pool-{at}",
            EngineFamily="POSTGRESQL",
            RoleArn=f"arn:aws:iam::{self.account}:role/pool",
            VpcSubnetIds=subnets,
            Auth=[
                {
                    "AuthScheme": "SECRETS",
                    "SecretArn": f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:db",
                    "IAMAuth": "DISABLED",
                }
            ],
            Tags=TAGS,
        )
        rds.create_global_cluster(GlobalClusterIdentifier=f"empty-{self.region}-{at}", Engine="aurora-postgresql")


def port(number, **sources):
    return {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, **sources}
