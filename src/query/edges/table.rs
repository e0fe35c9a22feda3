//! The table of edges: a line for each member of each type that names another resource. Its relations are listed in
//! ARCHITECTURE.

use super::rule::{Alias, Line, Rule, edge, known_by};

/// Names besides their ids by which resources are known to others. A route table is known by the subnets that are
/// associated with it, and the main one by its VPC.
pub(super) const ALIASES: &[Alias] = &[
    known_by("aws_vpc_route_table", "Associations[].SubnetId"),
    known_by("aws_vpc_route_table", "VpcId").when("Associations[].Main", "true"),
    known_by("aws_vpc_network_acl", "Associations[].SubnetId"),
    known_by("aws_ec2_key_pair", "KeyName"),
    known_by("aws_ec2_placement_group", "GroupName"),
    known_by("aws_vpc_nat_gateway", "NatGatewayAddresses[].NetworkInterfaceId"),
    known_by("aws_vpc_endpoint", "NetworkInterfaceIds[]"),
    known_by("aws_iam_role", "InstanceProfileList[].Arn"),
];

/// All lines.
pub(in crate::query) fn lines() -> impl Iterator<Item = Line> {
    TABLE.iter().flat_map(|(from_type, rules)| rules.iter().map(|rule| Line { from_type, rule }))
}

/// What resources of each type name.
const TABLE: &[(&str, &[Rule])] = &[
    // Compute
    (
        "aws_ec2_instance",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetId"),
            edge("uses_security_group", "aws_vpc_security_group", "SecurityGroups[].GroupId"),
            edge("has_network_interface", "aws_ec2_network_interface", "NetworkInterfaces[].NetworkInterfaceId"),
            edge("has_volume", "aws_ebs_volume", "BlockDeviceMappings[].Ebs.VolumeId"),
            edge("uses_image", "aws_ec2_ami", "ImageId"),
            edge("uses_key_pair", "aws_ec2_key_pair", "KeyName").local(),
            edge("uses_instance_profile", "aws_iam_instance_profile", "IamInstanceProfile.Arn").local(),
            edge("uses_role", "aws_iam_role", "IamInstanceProfile.Arn").alias(),
            edge("uses_launch_template", "aws_ec2_launch_template", "aws:ec2launchtemplate:id").tag(),
            edge("member_of", "aws_ec2_autoscaling_group", "aws:autoscaling:groupName").tag().local(),
            edge("in_placement_group", "aws_ec2_placement_group", "Placement.GroupId"),
            edge("in_placement_group", "aws_ec2_placement_group", "Placement.GroupName").local().otherwise(),
            edge("runs_on", "aws_ec2_host", "Placement.HostId"),
            edge("uses_capacity_reservation", "aws_ec2_capacity_reservation", "CapacityReservationId"),
        ],
    ),
    (
        "aws_ec2_network_interface",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetId"),
            edge("uses_security_group", "aws_vpc_security_group", "Groups[].GroupId"),
            edge("attached_to", "aws_ec2_instance", "Attachment.InstanceId"),
            edge("attached_to", "aws_vpc_nat_gateway", "NetworkInterfaceId").alias(),
            edge("attached_to", "aws_vpc_endpoint", "NetworkInterfaceId").alias(),
            edge("has_address", "aws_vpc_eip", "Association.AllocationId"),
            edge("has_address", "aws_vpc_eip", "PrivateIpAddresses[].Association.AllocationId"),
        ],
    ),
    (
        "aws_ec2_spot_instance_request",
        &[
            edge("has_member", "aws_ec2_instance", "InstanceId"),
            edge("in_subnet", "aws_vpc_subnet", "LaunchSpecification.SubnetId"),
            edge("uses_security_group", "aws_vpc_security_group", "LaunchSpecification.SecurityGroups[].GroupId"),
            edge("uses_image", "aws_ec2_ami", "LaunchSpecification.ImageId"),
            edge("uses_key_pair", "aws_ec2_key_pair", "LaunchSpecification.KeyName").local(),
        ],
    ),
    ("aws_ec2_host", &[edge("has_member", "aws_ec2_instance", "Instances[].InstanceId")]),
    (
        "aws_ec2_launch_template_version",
        &[
            edge("belongs_to", "aws_ec2_launch_template", "LaunchTemplateId"),
            edge("uses_image", "aws_ec2_ami", "LaunchTemplateData.ImageId").prefix("ami-"),
            edge("uses_key_pair", "aws_ec2_key_pair", "LaunchTemplateData.KeyName").local(),
            edge("uses_security_group", "aws_vpc_security_group", "LaunchTemplateData.SecurityGroupIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "LaunchTemplateData.NetworkInterfaces[].Groups[]"),
            edge("in_subnet", "aws_vpc_subnet", "LaunchTemplateData.NetworkInterfaces[].SubnetId"),
            edge("uses_instance_profile", "aws_iam_instance_profile", "LaunchTemplateData.IamInstanceProfile.Arn").local(),
        ],
    ),
    (
        "aws_ec2_autoscaling_group",
        &[
            edge("in_subnet", "aws_vpc_subnet", "VPCZoneIdentifier").separated(),
            edge("has_member", "aws_ec2_instance", "Instances[].InstanceId"),
            edge("uses_launch_template", "aws_ec2_launch_template", "LaunchTemplate.LaunchTemplateId"),
            edge(
                "uses_launch_template",
                "aws_ec2_launch_template",
                "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId",
            ),
            edge("uses_launch_configuration", "aws_ec2_launch_configuration", "LaunchConfigurationName").local(),
            edge("attached_to", "aws_ec2_target_group", "TargetGroupARNs[]").arn(),
            edge("attached_to", "aws_ec2_classic_load_balancer", "LoadBalancerNames[]").local(),
            edge("in_placement_group", "aws_ec2_placement_group", "PlacementGroup").local(),
            uses_role("ServiceLinkedRoleARN"),
        ],
    ),
    (
        "aws_ec2_launch_configuration",
        &[
            edge("uses_image", "aws_ec2_ami", "ImageId"),
            edge("uses_key_pair", "aws_ec2_key_pair", "KeyName").local(),
            edge("uses_security_group", "aws_vpc_security_group", "SecurityGroups[]"),
        ],
    ),
    (
        "aws_lambda_function",
        &[
            edge("in_vpc", "aws_vpc", "VpcConfig.VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "VpcConfig.SubnetIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "VpcConfig.SecurityGroupIds[]"),
            uses_role("Role"),
            encrypted_by("KMSKeyArn"),
        ],
    ),
    // Storage
    (
        "aws_ebs_volume",
        &[
            edge("attached_to", "aws_ec2_instance", "Attachments[].InstanceId"),
            edge("made_from", "aws_ebs_snapshot", "SnapshotId"),
            edge("made_from", "aws_ebs_volume", "SourceVolumeId"),
            encrypted_by("KmsKeyId"),
        ],
    ),
    ("aws_ebs_snapshot", &[edge("made_from", "aws_ebs_volume", "VolumeId"), encrypted_by("KmsKeyId")]),
    (
        "aws_ec2_ami",
        &[
            edge("has_snapshot", "aws_ebs_snapshot", "BlockDeviceMappings[].Ebs.SnapshotId"),
            edge("made_from", "aws_ec2_instance", "SourceInstanceId"),
            edge("made_from", "aws_ec2_ami", "SourceImageId"),
        ],
    ),
    (
        "aws_s3_bucket",
        &[
            edge("logs_to", "aws_s3_bucket", "Logging.LoggingEnabled.TargetBucket"),
            edge("replicates_to", "aws_s3_bucket", "Replication.ReplicationConfiguration.Rules[].Destination.Bucket"),
            uses_role("Replication.ReplicationConfiguration.Role"),
            encrypted_by("Encryption.ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID"),
            edge("notifies", "aws_sns_topic", "NotificationConfiguration.TopicConfigurations[].TopicArn").arn(),
            edge("notifies", "aws_sqs_queue", "NotificationConfiguration.QueueConfigurations[].QueueArn").local(),
            edge("notifies", "aws_lambda_function", "NotificationConfiguration.LambdaFunctionConfigurations[].LambdaFunctionArn").local(),
        ],
    ),
    ("aws_efs_file_system", &[encrypted_by("KmsKeyId")]),
    // Networks
    ("aws_vpc", &[edge("uses_dhcp_options", "aws_vpc_dhcp_options", "DhcpOptionsId").prefix("dopt-")]),
    (
        "aws_vpc_subnet",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("routes_by", "aws_vpc_route_table", "SubnetId").alias(),
            edge("routes_by", "aws_vpc_route_table", "VpcId").alias().otherwise(),
            edge("uses_network_acl", "aws_vpc_network_acl", "SubnetId").alias(),
        ],
    ),
    (
        "aws_vpc_route_table",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("applies_to", "aws_vpc_subnet", "Associations[].SubnetId"),
            edge("applies_to", "aws_vpc_internet_gateway", "Associations[].GatewayId").prefix("igw-"),
            edge("applies_to", "aws_vpc_vpn_gateway", "Associations[].GatewayId").prefix("vgw-"),
            edge("routes_to", "aws_vpc_internet_gateway", "Routes[].GatewayId").prefix("igw-"),
            edge("routes_to", "aws_vpc_vpn_gateway", "Routes[].GatewayId").prefix("vgw-"),
            edge("routes_to", "aws_vpc_endpoint", "Routes[].GatewayId").prefix("vpce-"),
            edge("routes_to", "aws_vpc_nat_gateway", "Routes[].NatGatewayId"),
            edge("routes_to", "aws_vpc_peering_connection", "Routes[].VpcPeeringConnectionId"),
            edge("routes_to", "aws_ec2_transit_gateway", "Routes[].TransitGatewayId"),
            edge("routes_to", "aws_ec2_network_interface", "Routes[].NetworkInterfaceId"),
            edge("routes_to", "aws_ec2_instance", "Routes[].InstanceId"),
            edge("routes_to", "aws_vpc_egress_only_internet_gateway", "Routes[].EgressOnlyInternetGatewayId"),
            edge("learns_routes_from", "aws_vpc_vpn_gateway", "PropagatingVgws[].GatewayId"),
        ],
    ),
    (
        "aws_vpc_nat_gateway",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetId"),
            edge("routes_by", "aws_vpc_route_table", "RouteTableId"),
            edge("has_address", "aws_vpc_eip", "NatGatewayAddresses[].AllocationId"),
            edge("has_network_interface", "aws_ec2_network_interface", "NatGatewayAddresses[].NetworkInterfaceId"),
        ],
    ),
    ("aws_vpc_internet_gateway", &[edge("attached_to", "aws_vpc", "Attachments[].VpcId")]),
    ("aws_vpc_egress_only_internet_gateway", &[edge("attached_to", "aws_vpc", "Attachments[].VpcId")]),
    ("aws_vpc_vpn_gateway", &[edge("attached_to", "aws_vpc", "VpcAttachments[].VpcId")]),
    (
        "aws_vpc_security_group",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("allows_from", "aws_vpc_security_group", "IpPermissions[].UserIdGroupPairs[].GroupId"),
            edge("allows_from", "aws_ec2_managed_prefix_list", "IpPermissions[].PrefixListIds[].PrefixListId"),
            edge("allows_to", "aws_vpc_security_group", "IpPermissionsEgress[].UserIdGroupPairs[].GroupId"),
            edge("allows_to", "aws_ec2_managed_prefix_list", "IpPermissionsEgress[].PrefixListIds[].PrefixListId"),
        ],
    ),
    (
        "aws_vpc_security_group_rule",
        &[
            edge("belongs_to", "aws_vpc_security_group", "GroupId"),
            edge("allows_from", "aws_vpc_security_group", "ReferencedGroupInfo.GroupId").when("IsEgress", "false"),
            edge("allows_from", "aws_ec2_managed_prefix_list", "PrefixListId").when("IsEgress", "false"),
            edge("allows_to", "aws_vpc_security_group", "ReferencedGroupInfo.GroupId").when("IsEgress", "true"),
            edge("allows_to", "aws_ec2_managed_prefix_list", "PrefixListId").when("IsEgress", "true"),
        ],
    ),
    ("aws_vpc_network_acl", &[edge("in_vpc", "aws_vpc", "VpcId"), edge("applies_to", "aws_vpc_subnet", "Associations[].SubnetId")]),
    (
        "aws_vpc_eip",
        &[
            edge("attached_to", "aws_ec2_instance", "InstanceId"),
            edge("attached_to", "aws_ec2_network_interface", "NetworkInterfaceId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetId"),
        ],
    ),
    (
        "aws_vpc_endpoint",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetIds[]"),
            edge("applies_to", "aws_vpc_route_table", "RouteTableIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "Groups[].GroupId"),
            edge("has_network_interface", "aws_ec2_network_interface", "NetworkInterfaceIds[]"),
        ],
    ),
    (
        "aws_vpc_peering_connection",
        &[edge("connects", "aws_vpc", "RequesterVpcInfo.VpcId"), edge("connects", "aws_vpc", "AccepterVpcInfo.VpcId")],
    ),
    (
        "aws_vpc_flow_log",
        &[
            edge("logs", "aws_vpc", "ResourceId").prefix("vpc-"),
            edge("logs", "aws_vpc_subnet", "ResourceId").prefix("subnet-"),
            edge("logs", "aws_ec2_network_interface", "ResourceId").prefix("eni-"),
            edge("logs", "aws_ec2_transit_gateway_attachment", "ResourceId").prefix("tgw-attach-"),
            edge("logs", "aws_ec2_transit_gateway", "ResourceId").prefix("tgw-").otherwise(),
            edge("logs_to", "aws_s3_bucket", "LogDestination").when("LogDestinationType", "s3"),
            edge("logs_to", "aws_cloudwatch_log_group", "LogGroupName").local(),
            uses_role("DeliverLogsPermissionArn"),
        ],
    ),
    ("aws_ec2_transit_gateway", &[edge("routes_by", "aws_ec2_transit_gateway_route_table", "Options.AssociationDefaultRouteTableId")]),
    (
        "aws_ec2_transit_gateway_attachment",
        &[
            edge("belongs_to", "aws_ec2_transit_gateway", "TransitGatewayId"),
            edge("routes_by", "aws_ec2_transit_gateway_route_table", "Association.TransitGatewayRouteTableId"),
            edge("connects", "aws_vpc", "ResourceId").prefix("vpc-"),
            edge("connects", "aws_vpc_vpn_connection", "ResourceId").prefix("vpn-"),
            edge("connects", "aws_ec2_transit_gateway_attachment", "ResourceId").prefix("tgw-attach-"),
            edge("connects", "aws_ec2_transit_gateway", "ResourceId").prefix("tgw-").otherwise(),
        ],
    ),
    (
        "aws_ec2_transit_gateway_vpc_attachment",
        &[
            edge("belongs_to", "aws_ec2_transit_gateway", "TransitGatewayId"),
            edge("connects", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "SubnetIds[]"),
        ],
    ),
    ("aws_ec2_transit_gateway_route_table", &[edge("belongs_to", "aws_ec2_transit_gateway", "TransitGatewayId")]),
    (
        "aws_vpc_vpn_connection",
        &[
            edge("connects", "aws_vpc_customer_gateway", "CustomerGatewayId"),
            edge("connects", "aws_vpc_vpn_gateway", "VpnGatewayId"),
            edge("connects", "aws_ec2_transit_gateway", "TransitGatewayId"),
        ],
    ),
    // Load balancing
    ("aws_ec2_application_load_balancer", LOAD_BALANCER),
    ("aws_ec2_network_load_balancer", LOAD_BALANCER),
    ("aws_ec2_gateway_load_balancer", LOAD_BALANCER),
    (
        "aws_ec2_classic_load_balancer",
        &[
            edge("in_vpc", "aws_vpc", "VPCId"),
            edge("in_subnet", "aws_vpc_subnet", "Subnets[]"),
            edge("uses_security_group", "aws_vpc_security_group", "SecurityGroups[]"),
            edge("forwards_to", "aws_ec2_instance", "Instances[].InstanceId"),
        ],
    ),
    (
        "aws_ec2_load_balancer_listener",
        &[
            edge("belongs_to", "aws_ec2_application_load_balancer", "LoadBalancerArn").arn().prefix("loadbalancer/app/"),
            edge("belongs_to", "aws_ec2_network_load_balancer", "LoadBalancerArn").arn().prefix("loadbalancer/net/"),
            edge("belongs_to", "aws_ec2_gateway_load_balancer", "LoadBalancerArn").arn().prefix("loadbalancer/gwy/"),
            edge("forwards_to", "aws_ec2_target_group", "DefaultActions[].TargetGroupArn").arn(),
            edge("forwards_to", "aws_ec2_target_group", "DefaultActions[].ForwardConfig.TargetGroups[].TargetGroupArn").arn(),
            edge("uses_certificate", "aws_acm_certificate", "Certificates[].CertificateArn").arn().prefix("certificate/"),
        ],
    ),
    (
        "aws_ec2_load_balancer_listener_rule",
        &[
            edge("forwards_to", "aws_ec2_target_group", "Actions[].TargetGroupArn").arn(),
            edge("forwards_to", "aws_ec2_target_group", "Actions[].ForwardConfig.TargetGroups[].TargetGroupArn").arn(),
        ],
    ),
    (
        "aws_ec2_target_group",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("attached_to", "aws_ec2_application_load_balancer", "LoadBalancerArns[]").arn().prefix("loadbalancer/app/"),
            edge("attached_to", "aws_ec2_network_load_balancer", "LoadBalancerArns[]").arn().prefix("loadbalancer/net/"),
            edge("attached_to", "aws_ec2_gateway_load_balancer", "LoadBalancerArns[]").arn().prefix("loadbalancer/gwy/"),
        ],
    ),
    // Databases
    (
        "aws_rds_db_instance",
        &[
            edge("in_vpc", "aws_vpc", "DBSubnetGroup.VpcId"),
            edge("uses_subnet_group", "aws_rds_db_subnet_group", "DBSubnetGroup.DBSubnetGroupName").local(),
            edge("uses_security_group", "aws_vpc_security_group", "VpcSecurityGroups[].VpcSecurityGroupId"),
            edge("uses_parameter_group", "aws_rds_db_parameter_group", "DBParameterGroups[].DBParameterGroupName").local(),
            edge("uses_option_group", "aws_rds_db_option_group", "OptionGroupMemberships[].OptionGroupName").local(),
            edge("member_of", "aws_rds_db_cluster", "DBClusterIdentifier").local(),
            edge("replica_of", "aws_rds_db_instance", "ReadReplicaSourceDBInstanceIdentifier").local(),
            edge("replica_of", "aws_rds_db_cluster", "ReadReplicaSourceDBClusterIdentifier").local(),
            edge("replicates_to", "aws_rds_db_instance", "ReadReplicaDBInstanceIdentifiers[]").local(),
            edge("replicates_to", "aws_rds_db_cluster", "ReadReplicaDBClusterIdentifiers[]").local(),
            uses_role("MonitoringRoleArn"),
            uses_role("AssociatedRoles[].RoleArn"),
            edge("uses_secret", "aws_secretsmanager_secret", "MasterUserSecret.SecretArn").arn(),
            encrypted_by("KmsKeyId"),
        ],
    ),
    (
        "aws_rds_db_cluster",
        &[
            edge("has_member", "aws_rds_db_instance", "DBClusterMembers[].DBInstanceIdentifier").local(),
            edge("member_of", "aws_rds_global_cluster", "GlobalClusterIdentifier").local(),
            edge("uses_subnet_group", "aws_rds_db_subnet_group", "DBSubnetGroup").local(),
            edge("uses_security_group", "aws_vpc_security_group", "VpcSecurityGroups[].VpcSecurityGroupId"),
            edge("uses_parameter_group", "aws_rds_db_cluster_parameter_group", "DBClusterParameterGroup").local(),
            edge("uses_option_group", "aws_rds_db_option_group", "DBClusterOptionGroupMemberships[].DBClusterOptionGroupName").local(),
            edge("replica_of", "aws_rds_db_instance", "ReplicationSourceIdentifier").local().prefix("db:"),
            edge("replica_of", "aws_rds_db_cluster", "ReplicationSourceIdentifier").local().prefix("cluster:"),
            edge("replicates_to", "aws_rds_db_cluster", "ReadReplicaIdentifiers[]").local(),
            uses_role("MonitoringRoleArn"),
            uses_role("AssociatedRoles[].RoleArn"),
            edge("uses_secret", "aws_secretsmanager_secret", "MasterUserSecret.SecretArn").arn(),
            encrypted_by("KmsKeyId"),
        ],
    ),
    (
        "aws_rds_db_snapshot",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("made_from", "aws_rds_db_instance", "DBInstanceIdentifier").local(),
            edge("made_from", "aws_rds_db_snapshot", "SourceDBSnapshotIdentifier").local(),
            edge("uses_option_group", "aws_rds_db_option_group", "OptionGroupName").local(),
            encrypted_by("KmsKeyId"),
        ],
    ),
    (
        "aws_rds_db_cluster_snapshot",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("made_from", "aws_rds_db_cluster", "DBClusterIdentifier").local(),
            edge("made_from", "aws_rds_db_cluster_snapshot", "SourceDBClusterSnapshotArn").local(),
            encrypted_by("KmsKeyId"),
        ],
    ),
    ("aws_rds_db_subnet_group", &[edge("in_vpc", "aws_vpc", "VpcId"), edge("in_subnet", "aws_vpc_subnet", "Subnets[].SubnetIdentifier")]),
    ("aws_rds_db_option_group", &[edge("in_vpc", "aws_vpc", "VpcId")]),
    (
        "aws_rds_db_proxy",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("in_subnet", "aws_vpc_subnet", "VpcSubnetIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "VpcSecurityGroupIds[]"),
            uses_role("RoleArn"),
            edge("uses_secret", "aws_secretsmanager_secret", "Auth[].SecretArn").arn(),
        ],
    ),
    (
        "aws_rds_db_event_subscription",
        &[
            edge("notifies", "aws_sns_topic", "SnsTopicArn").arn(),
            edge("watches", "aws_rds_db_instance", "SourceIdsList[]").local().when("SourceType", "db-instance"),
            edge("watches", "aws_rds_db_cluster", "SourceIdsList[]").local().when("SourceType", "db-cluster"),
            edge("watches", "aws_rds_db_snapshot", "SourceIdsList[]").local().when("SourceType", "db-snapshot"),
            edge("watches", "aws_rds_db_cluster_snapshot", "SourceIdsList[]").local().when("SourceType", "db-cluster-snapshot"),
            edge("watches", "aws_rds_db_parameter_group", "SourceIdsList[]").local().when("SourceType", "db-parameter-group"),
            edge("watches", "aws_rds_db_proxy", "SourceIdsList[]").local().when("SourceType", "db-proxy"),
        ],
    ),
    ("aws_rds_global_cluster", &[edge("has_member", "aws_rds_db_cluster", "GlobalClusterMembers[].DBClusterArn").local()]),
    ("aws_dynamodb_table", &[encrypted_by("SSEDescription.KMSMasterKeyArn")]),
    (
        "aws_redshift_cluster",
        &[
            edge("in_vpc", "aws_vpc", "VpcId"),
            edge("uses_subnet_group", "aws_redshift_subnet_group", "ClusterSubnetGroupName").local(),
            edge("uses_security_group", "aws_vpc_security_group", "VpcSecurityGroups[].VpcSecurityGroupId"),
            uses_role("IamRoles[].IamRoleArn"),
            encrypted_by("KmsKeyId"),
        ],
    ),
    ("aws_redshift_subnet_group", &[edge("in_vpc", "aws_vpc", "VpcId"), edge("in_subnet", "aws_vpc_subnet", "Subnets[].SubnetIdentifier")]),
    (
        "aws_elasticache_cluster",
        &[
            edge("member_of", "aws_elasticache_replication_group", "ReplicationGroupId").local(),
            edge("uses_security_group", "aws_vpc_security_group", "SecurityGroups[].SecurityGroupId"),
        ],
    ),
    (
        "aws_elasticache_replication_group",
        &[edge("has_member", "aws_elasticache_cluster", "MemberClusters[]").local(), encrypted_by("KmsKeyId")],
    ),
    (
        "aws_msk_cluster",
        &[
            edge("in_subnet", "aws_vpc_subnet", "BrokerNodeGroupInfo.ClientSubnets[]"),
            edge("uses_security_group", "aws_vpc_security_group", "BrokerNodeGroupInfo.SecurityGroups[]"),
        ],
    ),
    // Identities
    (
        "aws_iam_role",
        &[
            edge("has_policy", "aws_iam_policy", "AttachedManagedPolicies[].PolicyArn").arn(),
            edge("bounded_by", "aws_iam_policy", "PermissionsBoundary.PermissionsBoundaryArn").arn(),
            edge("has_instance_profile", "aws_iam_instance_profile", "InstanceProfileList[].Arn").local(),
        ],
    ),
    (
        "aws_iam_user",
        &[
            edge("has_policy", "aws_iam_policy", "AttachedManagedPolicies[].PolicyArn").arn(),
            edge("bounded_by", "aws_iam_policy", "PermissionsBoundary.PermissionsBoundaryArn").arn(),
            edge("member_of", "aws_iam_group", "GroupList[]").local(),
        ],
    ),
    ("aws_iam_group", &[edge("has_policy", "aws_iam_policy", "AttachedManagedPolicies[].PolicyArn").arn()]),
    ("aws_iam_instance_profile", &[uses_role("Roles[].Arn")]),
    // Containers
    (
        "aws_ecs_service",
        &[
            edge("belongs_to", "aws_ecs_cluster", "clusterArn").arn(),
            edge("uses_task_definition", "aws_ecs_task_definition", "taskDefinition").arn(),
            edge("attached_to", "aws_ec2_target_group", "loadBalancers[].targetGroupArn").arn(),
            edge("in_subnet", "aws_vpc_subnet", "networkConfiguration.awsvpcConfiguration.subnets[]"),
            edge("uses_security_group", "aws_vpc_security_group", "networkConfiguration.awsvpcConfiguration.securityGroups[]"),
            uses_role("roleArn"),
        ],
    ),
    ("aws_ecs_task_definition", &[uses_role("taskRoleArn"), uses_role("executionRoleArn")]),
    (
        "aws_eks_cluster",
        &[
            edge("in_vpc", "aws_vpc", "resourcesVpcConfig.vpcId"),
            edge("in_subnet", "aws_vpc_subnet", "resourcesVpcConfig.subnetIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "resourcesVpcConfig.securityGroupIds[]"),
            edge("uses_security_group", "aws_vpc_security_group", "resourcesVpcConfig.clusterSecurityGroupId"),
            uses_role("roleArn"),
        ],
    ),
    (
        "aws_eks_node_group",
        &[
            edge("belongs_to", "aws_eks_cluster", "clusterName").local(),
            edge("in_subnet", "aws_vpc_subnet", "subnets[]"),
            uses_role("nodeRole"),
            edge("uses_launch_template", "aws_ec2_launch_template", "launchTemplate.id"),
            edge("has_member", "aws_ec2_autoscaling_group", "resources.autoScalingGroups[].name").local(),
        ],
    ),
    ("aws_ecr_repository", &[encrypted_by("encryptionConfiguration.kmsKey")]),
    // Messages, keys, watching
    ("aws_secretsmanager_secret", &[encrypted_by("KmsKeyId")]),
    ("aws_cloudwatch_log_group", &[encrypted_by("kmsKeyId")]),
    (
        "aws_cloudtrail_trail",
        &[
            edge("logs_to", "aws_s3_bucket", "S3BucketName"),
            edge("logs_to", "aws_cloudwatch_log_group", "CloudWatchLogsLogGroupArn").local(),
            uses_role("CloudWatchLogsRoleArn"),
            edge("notifies", "aws_sns_topic", "SnsTopicARN").arn(),
            encrypted_by("KmsKeyId"),
        ],
    ),
];

const LOAD_BALANCER: &[Rule] = &[
    edge("in_vpc", "aws_vpc", "VpcId"),
    edge("in_subnet", "aws_vpc_subnet", "AvailabilityZones[].SubnetId"),
    edge("has_address", "aws_vpc_eip", "AvailabilityZones[].LoadBalancerAddresses[].AllocationId"),
    edge("uses_security_group", "aws_vpc_security_group", "SecurityGroups[]"),
];

/// A role is named by its ARN.
const fn uses_role(path: &'static str) -> Rule {
    edge("uses_role", "aws_iam_role", path).local()
}

/// A key is named by its ARN; by an alias it is not known.
const fn encrypted_by(path: &'static str) -> Rule {
    edge("encrypted_by", "aws_kms_key", path).local().prefix("key/")
}
