//! The resource types of the demo: what Elava, `CloudFormation`, ARNs and the AWS API call each of them.

/// A resource type. The order is the order in which a scan lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Vpc,
    Subnet,
    RouteTable,
    InternetGateway,
    NatGateway,
    Address,
    SecurityGroup,
    NetworkAcl,
    Endpoint,
    Interface,
    Instance,
    Volume,
    Snapshot,
    Image,
    KeyPair,
    LaunchTemplate,
    Database,
    Cluster,
    DatabaseSnapshot,
    SubnetGroup,
    Bucket,
}

/// The names of one resource type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) resource_type: &'static str,
    pub(crate) native_type: &'static str,
    /// The API call that lists it, as error messages name it.
    pub(crate) operation: &'static str,
    /// The part of an ARN before the id: `ec2` and `instance/`.
    pub(crate) arn_service: &'static str,
    pub(crate) arn_prefix: &'static str,
    /// The member of `properties` that holds the tags; none where the listing does not tell them.
    pub(crate) tags_member: Option<&'static str>,
}

pub(crate) const ALL: [Kind; 21] = [
    Kind::Vpc,
    Kind::Subnet,
    Kind::RouteTable,
    Kind::InternetGateway,
    Kind::NatGateway,
    Kind::Address,
    Kind::SecurityGroup,
    Kind::NetworkAcl,
    Kind::Endpoint,
    Kind::Interface,
    Kind::Instance,
    Kind::Volume,
    Kind::Snapshot,
    Kind::Image,
    Kind::KeyPair,
    Kind::LaunchTemplate,
    Kind::Database,
    Kind::Cluster,
    Kind::DatabaseSnapshot,
    Kind::SubnetGroup,
    Kind::Bucket,
];

impl Kind {
    pub(crate) const fn names(self) -> Names {
        match self {
            Self::Vpc => ec2("aws_vpc", "AWS::EC2::VPC", "DescribeVpcs", "vpc/"),
            Self::Subnet => ec2("aws_vpc_subnet", "AWS::EC2::Subnet", "DescribeSubnets", "subnet/"),
            Self::RouteTable => ec2("aws_vpc_route_table", "AWS::EC2::RouteTable", "DescribeRouteTables", "route-table/"),
            Self::InternetGateway => {
                ec2("aws_vpc_internet_gateway", "AWS::EC2::InternetGateway", "DescribeInternetGateways", "internet-gateway/")
            }
            Self::NatGateway => ec2("aws_vpc_nat_gateway", "AWS::EC2::NatGateway", "DescribeNatGateways", "natgateway/"),
            Self::Address => ec2("aws_vpc_eip", "AWS::EC2::EIP", "DescribeAddresses", "elastic-ip/"),
            Self::SecurityGroup => ec2("aws_vpc_security_group", "AWS::EC2::SecurityGroup", "DescribeSecurityGroups", "security-group/"),
            Self::NetworkAcl => ec2("aws_vpc_network_acl", "AWS::EC2::NetworkAcl", "DescribeNetworkAcls", "network-acl/"),
            Self::Endpoint => ec2("aws_vpc_endpoint", "AWS::EC2::VPCEndpoint", "DescribeVpcEndpoints", "vpc-endpoint/"),
            Self::Interface => Names {
                tags_member: Some("TagSet"),
                ..ec2("aws_ec2_network_interface", "AWS::EC2::NetworkInterface", "DescribeNetworkInterfaces", "network-interface/")
            },
            Self::Instance => ec2("aws_ec2_instance", "AWS::EC2::Instance", "DescribeInstances", "instance/"),
            Self::Volume => ec2("aws_ebs_volume", "AWS::EC2::Volume", "DescribeVolumes", "volume/"),
            Self::Snapshot => ec2("aws_ebs_snapshot", "AWS::EC2::Snapshot", "DescribeSnapshots", "snapshot/"),
            Self::Image => ec2("aws_ec2_ami", "AWS::EC2::Image", "DescribeImages", "image/"),
            Self::KeyPair => ec2("aws_ec2_key_pair", "AWS::EC2::KeyPair", "DescribeKeyPairs", "key-pair/"),
            Self::LaunchTemplate => {
                ec2("aws_ec2_launch_template", "AWS::EC2::LaunchTemplate", "DescribeLaunchTemplates", "launch-template/")
            }
            Self::Database => rds("aws_rds_db_instance", "AWS::RDS::DBInstance", "DescribeDBInstances", "db:"),
            Self::Cluster => rds("aws_rds_db_cluster", "AWS::RDS::DBCluster", "DescribeDBClusters", "cluster:"),
            Self::DatabaseSnapshot => rds("aws_rds_db_snapshot", "AWS::RDS::DBSnapshot", "DescribeDBSnapshots", "snapshot:"),
            Self::SubnetGroup => Names {
                tags_member: None,
                ..rds("aws_rds_db_subnet_group", "AWS::RDS::DBSubnetGroup", "DescribeDBSubnetGroups", "subgrp:")
            },
            Self::Bucket => Names {
                resource_type: "aws_s3_bucket",
                native_type: "AWS::S3::Bucket",
                operation: "ListBuckets",
                arn_service: "s3",
                arn_prefix: "",
                tags_member: Some("Tagging"),
            },
        }
    }
}

const fn ec2(resource_type: &'static str, native_type: &'static str, operation: &'static str, arn_prefix: &'static str) -> Names {
    Names { resource_type, native_type, operation, arn_service: "ec2", arn_prefix, tags_member: Some("Tags") }
}

const fn rds(resource_type: &'static str, native_type: &'static str, operation: &'static str, arn_prefix: &'static str) -> Names {
    Names { resource_type, native_type, operation, arn_service: "rds", arn_prefix, tags_member: Some("TagList") }
}
