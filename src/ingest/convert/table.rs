//! The table of resource kinds: one line per kind and listing.

use super::kinds::{ItemId, Kind, Listing, Place, Tags, ec2, iam, kind, rds};

/// Members that answers of several services share: an empty list of that name says nothing unless the file's name tells
/// the service.
pub(super) const SHARED_MEMBERS: &[&str] = &[
    "Certificate",
    "Clusters",
    "ClusterSubnetGroups",
    "EventSubscriptionsList",
    "Functions",
    "Groups",
    "HostedZones",
    "Keys",
    "Listeners",
    "LoadBalancers",
    "Policies",
    "Roles",
    "Rules",
    "Snapshots",
    "Topics",
    "Users",
    "analyzers",
    "clusters",
    "repositories",
    "services",
];

/// All kinds. The first of a native type is the one that AWS Config items are read with.
pub(super) const KINDS: &[Kind] = &[
    // EC2 and VPC
    ec2("Reservations", "AWS::EC2::Instance", "aws_ec2_instance", &["InstanceId"], "instance/")
        .inner("Instances")
        .state("State.Name")
        .created("LaunchTime"),
    ec2("Vpcs", "AWS::EC2::VPC", "aws_vpc", &["VpcId"], "vpc/").state("State").listing(Listing::WithForeign),
    ec2("Subnets", "AWS::EC2::Subnet", "aws_vpc_subnet", &["SubnetId"], "subnet/")
        .arn("SubnetArn")
        .state("State")
        .listing(Listing::WithForeign),
    ec2("RouteTables", "AWS::EC2::RouteTable", "aws_vpc_route_table", &["RouteTableId"], "route-table/").listing(Listing::WithForeign),
    ec2("NatGateways", "AWS::EC2::NatGateway", "aws_vpc_nat_gateway", &["NatGatewayId"], "natgateway/")
        .state("State")
        .created("CreateTime"),
    ec2("InternetGateways", "AWS::EC2::InternetGateway", "aws_vpc_internet_gateway", &["InternetGatewayId"], "internet-gateway/"),
    ec2(
        "EgressOnlyInternetGateways",
        "AWS::EC2::EgressOnlyInternetGateway",
        "aws_vpc_egress_only_internet_gateway",
        &["EgressOnlyInternetGatewayId"],
        "egress-only-internet-gateway/",
    ),
    ec2("SecurityGroups", "AWS::EC2::SecurityGroup", "aws_vpc_security_group", &["GroupId"], "security-group/")
        .arn("SecurityGroupArn")
        .name("GroupName")
        .listing(Listing::WithForeign),
    ec2(
        "SecurityGroupRules",
        "AWS::EC2::SecurityGroupRule",
        "aws_vpc_security_group_rule",
        &["SecurityGroupRuleId"],
        "security-group-rule/",
    )
    .arn("SecurityGroupRuleArn")
    .listing(Listing::WithForeign),
    ec2("NetworkAcls", "AWS::EC2::NetworkAcl", "aws_vpc_network_acl", &["NetworkAclId"], "network-acl/").listing(Listing::WithForeign),
    ec2("NetworkInterfaces", "AWS::EC2::NetworkInterface", "aws_ec2_network_interface", &["NetworkInterfaceId"], "network-interface/")
        .tags(Tags::IfAny("TagSet"))
        .state("Status")
        .listing(Listing::WithForeign),
    ec2("Addresses", "AWS::EC2::EIP", "aws_vpc_eip", &["AllocationId", "PublicIp"], "elastic-ip/"),
    ec2("VpcEndpoints", "AWS::EC2::VPCEndpoint", "aws_vpc_endpoint", &["VpcEndpointId"], "vpc-endpoint/")
        .state("State")
        .created("CreationTimestamp"),
    ec2(
        "VpcPeeringConnections",
        "AWS::EC2::VPCPeeringConnection",
        "aws_vpc_peering_connection",
        &["VpcPeeringConnectionId"],
        "vpc-peering-connection/",
    )
    .state("Status.Code"),
    ec2("Volumes", "AWS::EC2::Volume", "aws_ebs_volume", &["VolumeId"], "volume/").state("State").created("CreateTime"),
    ec2("Snapshots", "AWS::EC2::Snapshot", "aws_ebs_snapshot", &["SnapshotId"], "")
        .arn_unowned("ec2", "snapshot/")
        .needs(&[("VolumeSize", "")])
        .state("State")
        .created("StartTime")
        .listing(Listing::WithForeign),
    ec2("Images", "AWS::EC2::Image", "aws_ec2_ami", &["ImageId"], "")
        .arn_unowned("ec2", "image/")
        .name("Name")
        .state("State")
        .created("CreationDate")
        .listing(Listing::WithForeign),
    ec2("KeyPairs", "AWS::EC2::KeyPair", "aws_ec2_key_pair", &["KeyPairId", "KeyName"], "")
        .arn_named("ec2", "key-pair/")
        .name("KeyName")
        .created("CreateTime"),
    ec2("LaunchTemplates", "AWS::EC2::LaunchTemplate", "aws_ec2_launch_template", &["LaunchTemplateId"], "launch-template/")
        .name("LaunchTemplateName")
        .created("CreateTime"),
    kind("ec2", "LaunchTemplateVersions", "AWS::EC2::LaunchTemplateVersion", "aws_ec2_launch_template_version", &["LaunchTemplateId"])
        .id_then("VersionNumber")
        .name("LaunchTemplateName")
        .created("CreateTime")
        .listing(Listing::Asked),
    ec2("FlowLogs", "AWS::EC2::FlowLog", "aws_vpc_flow_log", &["FlowLogId"], "vpc-flow-log/")
        .state("FlowLogStatus")
        .created("CreationTime"),
    ec2("TransitGateways", "AWS::EC2::TransitGateway", "aws_ec2_transit_gateway", &["TransitGatewayId"], "transit-gateway/")
        .arn("TransitGatewayArn")
        .state("State")
        .created("CreationTime")
        .listing(Listing::WithForeign),
    ec2(
        "TransitGatewayAttachments",
        "AWS::EC2::TransitGatewayAttachment",
        "aws_ec2_transit_gateway_attachment",
        &["TransitGatewayAttachmentId"],
        "transit-gateway-attachment/",
    )
    .state("State")
    .created("CreationTime"),
    ec2(
        "TransitGatewayVpcAttachments",
        "AWS::EC2::TransitGatewayVpcAttachment",
        "aws_ec2_transit_gateway_vpc_attachment",
        &["TransitGatewayAttachmentId"],
        "transit-gateway-attachment/",
    )
    .state("State")
    .created("CreationTime"),
    ec2(
        "TransitGatewayRouteTables",
        "AWS::EC2::TransitGatewayRouteTable",
        "aws_ec2_transit_gateway_route_table",
        &["TransitGatewayRouteTableId"],
        "transit-gateway-route-table/",
    )
    .state("State")
    .created("CreationTime"),
    ec2("VpnConnections", "AWS::EC2::VPNConnection", "aws_vpc_vpn_connection", &["VpnConnectionId"], "vpn-connection/").state("State"),
    ec2("VpnGateways", "AWS::EC2::VPNGateway", "aws_vpc_vpn_gateway", &["VpnGatewayId"], "vpn-gateway/").state("State"),
    ec2("CustomerGateways", "AWS::EC2::CustomerGateway", "aws_vpc_customer_gateway", &["CustomerGatewayId"], "customer-gateway/")
        .name("DeviceName")
        .state("State"),
    ec2("DhcpOptions", "AWS::EC2::DHCPOptions", "aws_vpc_dhcp_options", &["DhcpOptionsId"], "dhcp-options/"),
    ec2("Hosts", "AWS::EC2::Host", "aws_ec2_host", &["HostId"], "dedicated-host/").state("State").created("AllocationTime"),
    ec2("PlacementGroups", "AWS::EC2::PlacementGroup", "aws_ec2_placement_group", &["GroupId", "GroupName"], "")
        .arn("GroupArn")
        .arn_named("ec2", "placement-group/")
        .name("GroupName")
        .state("State"),
    ec2("ReservedInstances", "AWS::EC2::ReservedInstance", "aws_ec2_reserved_instance", &["ReservedInstancesId"], "reserved-instances/")
        .state("State")
        .created("Start"),
    ec2(
        "CapacityReservations",
        "AWS::EC2::CapacityReservation",
        "aws_ec2_capacity_reservation",
        &["CapacityReservationId"],
        "capacity-reservation/",
    )
    .arn("CapacityReservationArn")
    .state("State")
    .created("CreateDate")
    .listing(Listing::WithForeign),
    ec2("PrefixLists", "AWS::EC2::PrefixList", "aws_ec2_managed_prefix_list", &["PrefixListId"], "prefix-list/")
        .needs(&[("PrefixListArn", "")])
        .arn("PrefixListArn")
        .name("PrefixListName")
        .state("State")
        .listing(Listing::WithForeign),
    ec2(
        "SpotInstanceRequests",
        "AWS::EC2::SpotInstanceRequest",
        "aws_ec2_spot_instance_request",
        &["SpotInstanceRequestId"],
        "spot-instances-request/",
    )
    .state("State")
    .created("CreateTime"),
    ec2("SpotFleetRequestConfigs", "AWS::EC2::SpotFleet", "aws_ec2_spot_fleet_request", &["SpotFleetRequestId"], "spot-fleet-request/")
        .state("SpotFleetRequestState")
        .created("CreateTime"),
    // RDS
    rds("DBInstances", "AWS::RDS::DBInstance", "aws_rds_db_instance", &["DBInstanceIdentifier"], "DBInstanceArn")
        .arn_form("rds", "db:")
        .name("DBInstanceIdentifier")
        .tags(Tags::Always("TagList"))
        .state("DBInstanceStatus")
        .created("InstanceCreateTime"),
    rds("DBClusters", "AWS::RDS::DBCluster", "aws_rds_db_cluster", &["DBClusterIdentifier"], "DBClusterArn")
        .arn_form("rds", "cluster:")
        .name("DBClusterIdentifier")
        .tags(Tags::Always("TagList"))
        .state("Status")
        .created("ClusterCreateTime"),
    rds("DBSnapshots", "AWS::RDS::DBSnapshot", "aws_rds_db_snapshot", &["DBSnapshotIdentifier"], "DBSnapshotArn")
        .arn_form("rds", "snapshot:")
        .name("DBSnapshotIdentifier")
        .tags(Tags::Always("TagList"))
        .state("Status")
        .created("SnapshotCreateTime")
        .listing(Listing::WithForeign),
    rds(
        "DBClusterSnapshots",
        "AWS::RDS::DBClusterSnapshot",
        "aws_rds_db_cluster_snapshot",
        &["DBClusterSnapshotIdentifier"],
        "DBClusterSnapshotArn",
    )
    .arn_form("rds", "cluster-snapshot:")
    .name("DBClusterSnapshotIdentifier")
    .tags(Tags::Always("TagList"))
    .state("Status")
    .created("SnapshotCreateTime")
    .listing(Listing::WithForeign),
    rds("DBSubnetGroups", "AWS::RDS::DBSubnetGroup", "aws_rds_db_subnet_group", &["DBSubnetGroupName"], "DBSubnetGroupArn")
        .arn_form("rds", "subgrp:")
        .name("DBSubnetGroupName")
        .state("SubnetGroupStatus"),
    rds("DBParameterGroups", "AWS::RDS::DBParameterGroup", "aws_rds_db_parameter_group", &["DBParameterGroupName"], "DBParameterGroupArn")
        .arn_form("rds", "pg:")
        .name("DBParameterGroupName"),
    rds(
        "DBClusterParameterGroups",
        "AWS::RDS::DBClusterParameterGroup",
        "aws_rds_db_cluster_parameter_group",
        &["DBClusterParameterGroupName"],
        "DBClusterParameterGroupArn",
    )
    .arn_form("rds", "cluster-pg:")
    .name("DBClusterParameterGroupName"),
    rds("OptionGroupsList", "AWS::RDS::OptionGroup", "aws_rds_db_option_group", &["OptionGroupName"], "OptionGroupArn")
        .arn_form("rds", "og:")
        .name("OptionGroupName"),
    rds(
        "EventSubscriptionsList",
        "AWS::RDS::EventSubscription",
        "aws_rds_db_event_subscription",
        &["CustSubscriptionId"],
        "EventSubscriptionArn",
    )
    .needs(&[("EventSubscriptionArn", "")])
    .arn_form("rds", "es:")
    .name("CustSubscriptionId")
    .state("Status")
    .created("SubscriptionCreationTime"),
    rds("DBProxies", "AWS::RDS::DBProxy", "aws_rds_db_proxy", &["DBProxyName"], "DBProxyArn")
        .name("DBProxyName")
        .state("Status")
        .created("CreatedDate"),
    rds("GlobalClusters", "AWS::RDS::GlobalCluster", "aws_rds_global_cluster", &["GlobalClusterIdentifier"], "GlobalClusterArn")
        .name("GlobalClusterIdentifier")
        .tags(Tags::Always("TagList"))
        .state("Status")
        .place(Place::Home),
    rds("DBSecurityGroups", "AWS::RDS::DBSecurityGroup", "aws_rds_db_security_group", &["DBSecurityGroupName"], "DBSecurityGroupArn")
        .arn_form("rds", "secgrp:")
        .name("DBSecurityGroupName"),
    rds(
        "ReservedDBInstances",
        "AWS::RDS::ReservedDBInstance",
        "aws_rds_reserved_db_instance",
        &["ReservedDBInstanceId"],
        "ReservedDBInstanceArn",
    )
    .arn_form("rds", "ri:")
    .name("ReservedDBInstanceId")
    .state("State")
    .created("StartTime"),
    // S3
    kind("s3", "Buckets", "AWS::S3::Bucket", "aws_s3_bucket", &["Name"])
        .arn("BucketArn")
        .arn_unowned("s3", "")
        .name("Name")
        .created("CreationDate")
        .place(Place::EachItsOwn),
    // IAM
    iam("Roles", "AWS::IAM::Role", "aws_iam_role", &["RoleName"]).name("RoleName"),
    iam("RoleDetailList", "AWS::IAM::Role", "aws_iam_role", &["RoleName"]).name("RoleName").tags(Tags::IfAny("Tags")),
    iam("Users", "AWS::IAM::User", "aws_iam_user", &["UserName"]).name("UserName"),
    iam("UserDetailList", "AWS::IAM::User", "aws_iam_user", &["UserName"]).name("UserName").tags(Tags::IfAny("Tags")),
    iam("Groups", "AWS::IAM::Group", "aws_iam_group", &["GroupName"]).name("GroupName"),
    iam("GroupDetailList", "AWS::IAM::Group", "aws_iam_group", &["GroupName"]).name("GroupName"),
    iam("Policies", "AWS::IAM::Policy", "aws_iam_policy", &["Arn"]).needs(&[("PolicyName", "")]).item(ItemId::Arn).name("PolicyName"),
    iam("InstanceProfiles", "AWS::IAM::InstanceProfile", "aws_iam_instance_profile", &["InstanceProfileName"]).name("InstanceProfileName"),
    iam("SAMLProviderList", "AWS::IAM::SAMLProvider", "aws_iam_saml_provider", &["Arn"]).item(ItemId::Arn),
    iam("OpenIDConnectProviderList", "AWS::IAM::OIDCProvider", "aws_iam_open_id_connect_provider", &["Arn"]).item(ItemId::Arn),
    iam("ServerCertificateMetadataList", "AWS::IAM::ServerCertificate", "aws_iam_server_certificate", &["ServerCertificateName"])
        .name("ServerCertificateName")
        .created("UploadDate"),
    // Load balancing and scaling
    load_balancer("aws_ec2_application_load_balancer", &[("Type", "application")]),
    load_balancer("aws_ec2_network_load_balancer", &[("Type", "network")]),
    load_balancer("aws_ec2_gateway_load_balancer", &[("Type", "gateway")]),
    kind("elbv2", "TargetGroups", "AWS::ElasticLoadBalancingV2::TargetGroup", "aws_ec2_target_group", &["TargetGroupArn"])
        .item(ItemId::Arn)
        .arn("TargetGroupArn")
        .name("TargetGroupName"),
    kind("elbv2", "Listeners", "AWS::ElasticLoadBalancingV2::Listener", "aws_ec2_load_balancer_listener", &["ListenerArn"])
        .needs(&[("LoadBalancerArn", "")])
        .item(ItemId::Arn)
        .arn("ListenerArn")
        .listing(Listing::Asked),
    kind("elbv2", "Rules", "AWS::ElasticLoadBalancingV2::ListenerRule", "aws_ec2_load_balancer_listener_rule", &["RuleArn"])
        .item(ItemId::Arn)
        .arn("RuleArn")
        .listing(Listing::Asked),
    kind(
        "elb",
        "LoadBalancerDescriptions",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "aws_ec2_classic_load_balancer",
        &["LoadBalancerName"],
    )
    .arn_form("elasticloadbalancing", "loadbalancer/")
    .name("LoadBalancerName")
    .created("CreatedTime"),
    kind("autoscaling", "AutoScalingGroups", "AWS::AutoScaling::AutoScalingGroup", "aws_ec2_autoscaling_group", &["AutoScalingGroupName"])
        .item(ItemId::Name)
        .arn("AutoScalingGroupARN")
        .name("AutoScalingGroupName")
        .tags(Tags::Always("Tags"))
        .state("Status")
        .created("CreatedTime"),
    kind(
        "autoscaling",
        "LaunchConfigurations",
        "AWS::AutoScaling::LaunchConfiguration",
        "aws_ec2_launch_configuration",
        &["LaunchConfigurationName"],
    )
    .item(ItemId::Name)
    .arn("LaunchConfigurationARN")
    .name("LaunchConfigurationName")
    .created("CreatedTime"),
    // Code and containers
    kind("lambda", "Functions", "AWS::Lambda::Function", "aws_lambda_function", &["FunctionName"])
        .needs(&[("FunctionArn", "")])
        .arn("FunctionArn")
        .name("FunctionName")
        .state("State"),
    kind("ecs", "clusters", "AWS::ECS::Cluster", "aws_ecs_cluster", &["clusterArn"])
        .item(ItemId::Arn)
        .arn("clusterArn")
        .name("clusterName")
        .state("status")
        .listing(Listing::Asked),
    kind("ecs", "services", "AWS::ECS::Service", "aws_ecs_service", &["serviceArn"])
        .item(ItemId::Arn)
        .arn("serviceArn")
        .name("serviceName")
        .state("status")
        .created("createdAt")
        .listing(Listing::Asked),
    kind("ecs", "taskDefinition", "AWS::ECS::TaskDefinition", "aws_ecs_task_definition", &["taskDefinitionArn"])
        .item(ItemId::Arn)
        .arn("taskDefinitionArn")
        .name("family")
        .state("status")
        .created("registeredAt")
        .listing(Listing::Asked),
    kind("eks", "cluster", "AWS::EKS::Cluster", "aws_eks_cluster", &["name"])
        .needs(&[("arn", "")])
        .item(ItemId::Name)
        .arn("arn")
        .name("name")
        .tags(Tags::Always("tags"))
        .state("status")
        .created("createdAt")
        .listing(Listing::Asked),
    kind("eks", "nodegroup", "AWS::EKS::Nodegroup", "aws_eks_node_group", &["nodegroupArn"])
        .item(ItemId::Arn)
        .arn("nodegroupArn")
        .name("nodegroupName")
        .tags(Tags::Always("tags"))
        .state("status")
        .created("createdAt")
        .listing(Listing::Asked),
    kind("ecr", "repositories", "AWS::ECR::Repository", "aws_ecr_repository", &["repositoryName"])
        .needs(&[("registryId", "")])
        .item(ItemId::Name)
        .arn("repositoryArn")
        .name("repositoryName")
        .created("createdAt"),
    kind("cloudformation", "Stacks", "AWS::CloudFormation::Stack", "aws_cloudformation_stack", &["StackId"])
        .item(ItemId::Arn)
        .arn("StackId")
        .name("StackName")
        .tags(Tags::Always("Tags"))
        .state("StackStatus")
        .created("CreationTime"),
    // Data
    kind("dynamodb", "Table", "AWS::DynamoDB::Table", "aws_dynamodb_table", &["TableName"])
        .item(ItemId::Name)
        .arn("TableArn")
        .name("TableName")
        .state("TableStatus")
        .created("CreationDateTime")
        .listing(Listing::Asked),
    kind("redshift", "Clusters", "AWS::Redshift::Cluster", "aws_redshift_cluster", &["ClusterIdentifier"])
        .needs(&[("NodeType", ""), ("ClusterNodes", "")])
        .arn_form("redshift", "cluster:")
        .name("ClusterIdentifier")
        .tags(Tags::Always("Tags"))
        .state("ClusterStatus")
        .created("ClusterCreateTime"),
    kind("redshift", "ClusterSubnetGroups", "AWS::Redshift::ClusterSubnetGroup", "aws_redshift_subnet_group", &["ClusterSubnetGroupName"])
        .arn_form("redshift", "subnetgroup:")
        .name("ClusterSubnetGroupName")
        .tags(Tags::Always("Tags"))
        .state("SubnetGroupStatus"),
    kind(
        "redshift",
        "EventSubscriptionsList",
        "AWS::Redshift::EventSubscription",
        "aws_redshift_event_subscription",
        &["CustSubscriptionId"],
    )
    .needs(&[("Severity", "")])
    .arn_form("redshift", "eventsubscription:")
    .name("CustSubscriptionId")
    .tags(Tags::Always("Tags"))
    .state("Status")
    .created("SubscriptionCreationTime"),
    kind("elasticache", "CacheClusters", "AWS::ElastiCache::CacheCluster", "aws_elasticache_cluster", &["CacheClusterId"])
        .arn("ARN")
        .name("CacheClusterId")
        .state("CacheClusterStatus")
        .created("CacheClusterCreateTime"),
    kind(
        "elasticache",
        "ReplicationGroups",
        "AWS::ElastiCache::ReplicationGroup",
        "aws_elasticache_replication_group",
        &["ReplicationGroupId"],
    )
    .arn("ARN")
    .name("ReplicationGroupId")
    .state("Status")
    .created("ReplicationGroupCreateTime"),
    kind("kafka", "ClusterInfoList", "AWS::MSK::Cluster", "aws_msk_cluster", &["ClusterArn"])
        .item(ItemId::Arn)
        .arn("ClusterArn")
        .name("ClusterName")
        .tags(Tags::IfAny("Tags"))
        .state("State")
        .created("CreationTime"),
    kind("efs", "FileSystems", "AWS::EFS::FileSystem", "aws_efs_file_system", &["FileSystemId"])
        .needs(&[("LifeCycleState", "")])
        .arn("FileSystemArn")
        .arn_form("elasticfilesystem", "file-system/")
        .name("Name")
        .tags(Tags::Always("Tags"))
        .state("LifeCycleState")
        .created("CreationTime"),
    // Network edge, keys, messages, watching
    kind("cloudfront", "DistributionList", "AWS::CloudFront::Distribution", "aws_cloudfront_distribution", &["Id"])
        .inner("Items")
        .arn("ARN")
        .state("Status")
        .place(Place::Global),
    kind("route53", "HostedZones", "AWS::Route53::HostedZone", "aws_route53_zone", &["Id"])
        .needs(&[("CallerReference", "")])
        .arn_unowned("route53", "hostedzone/")
        .name("Name")
        .place(Place::Global),
    kind("kms", "KeyMetadata", "AWS::KMS::Key", "aws_kms_key", &["KeyId"])
        .arn("Arn")
        .state("KeyState")
        .created("CreationDate")
        .listing(Listing::Asked),
    kind("kms", "Keys", "AWS::KMS::Key", "aws_kms_key", &["KeyId"]).needs(&[("KeyArn", "")]).arn("KeyArn"),
    kind("acm", "CertificateSummaryList", "AWS::ACM::Certificate", "aws_acm_certificate", &["CertificateArn"])
        .item(ItemId::Arn)
        .arn("CertificateArn")
        .name("DomainName")
        .state("Status")
        .created("CreatedAt"),
    kind("acm", "Certificate", "AWS::ACM::Certificate", "aws_acm_certificate", &["CertificateArn"])
        .needs(&[("DomainName", "")])
        .arn("CertificateArn")
        .name("DomainName")
        .state("Status")
        .created("CreatedAt")
        .listing(Listing::Asked),
    kind("secretsmanager", "SecretList", "AWS::SecretsManager::Secret", "aws_secretsmanager_secret", &["ARN"])
        .item(ItemId::Arn)
        .arn("ARN")
        .name("Name")
        .tags(Tags::IfAny("Tags"))
        .created("CreatedDate"),
    kind("sns", "Topics", "AWS::SNS::Topic", "aws_sns_topic", &["TopicArn"]).item(ItemId::Arn).arn("TopicArn"),
    kind("cloudtrail", "trailList", "AWS::CloudTrail::Trail", "aws_cloudtrail_trail", &["Name"])
        .arn("TrailARN")
        .name("Name")
        .place(Place::Home)
        .listing(Listing::WithForeign),
    kind("cloudwatch", "MetricAlarms", "AWS::CloudWatch::Alarm", "aws_cloudwatch_alarm", &["AlarmName"])
        .item(ItemId::Name)
        .arn("AlarmArn")
        .name("AlarmName")
        .state("StateValue"),
    kind("logs", "logGroups", "AWS::Logs::LogGroup", "aws_cloudwatch_log_group", &["logGroupName"])
        .arn("logGroupArn")
        .arn_form("logs", "log-group:")
        .name("logGroupName")
        .created("creationTime"),
    kind("stepfunctions", "stateMachines", "AWS::StepFunctions::StateMachine", "aws_sfn_state_machine", &["stateMachineArn"])
        .item(ItemId::Arn)
        .arn("stateMachineArn")
        .name("name")
        .state("status")
        .created("creationDate"),
    kind("accessanalyzer", "analyzers", "AWS::AccessAnalyzer::Analyzer", "aws_accessanalyzer_analyzer", &["arn"])
        .needs(&[("name", "")])
        .item(ItemId::Arn)
        .arn("arn")
        .name("name")
        .tags(Tags::Always("tags"))
        .state("status")
        .created("createdAt"),
];

const fn load_balancer(resource_type: &'static str, needs: &'static [(&'static str, &'static str)]) -> Kind {
    kind("elbv2", "LoadBalancers", "AWS::ElasticLoadBalancingV2::LoadBalancer", resource_type, &["LoadBalancerArn"])
        .needs(needs)
        .item(ItemId::Arn)
        .arn("LoadBalancerArn")
        .name("LoadBalancerName")
        .state("State.Code")
        .created("CreatedTime")
}
