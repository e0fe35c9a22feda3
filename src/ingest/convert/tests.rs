use super::redact::Secrets;
use super::*;
use crate::error::ErrorKind;
use crate::model::parse_json;

const ASKED: Origin<'static> =
    Origin { path: None, account: Some("111122223333"), region: Some("us-east-1"), complete: false, service: None };
const WHOLE: Origin<'static> = Origin { complete: true, ..ASKED };

fn json(text: &str) -> Json {
    parse_json(text.as_bytes()).unwrap()
}

fn cli(text: &str, origin: &Origin<'_>) -> Converted {
    aws_cli::convert(&json(text), origin).unwrap()
}

fn config(text: &str) -> Converted {
    aws_config::convert(&json(text), &Origin::default()).unwrap()
}

fn keys(converted: &Converted) -> Vec<String> {
    converted.observations.iter().map(|draft| draft.key().unwrap().to_string()).collect()
}

fn scopes(converted: &Converted) -> Vec<String> {
    converted.scopes.iter().map(|report| format!("{} {}", report.scope, report.status)).collect()
}

fn only(converted: Converted) -> Draft {
    assert_eq!(converted.observations.len(), 1, "{converted:?}");
    converted.observations.into_iter().next().unwrap()
}

fn text(value: Option<&Json>) -> Option<String> {
    value.map(|value| value.canonical().as_str().to_owned())
}

fn refused(text: &str, origin: &Origin<'_>) -> String {
    let error = aws_cli::convert(&json(text), origin).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    format!("{error}; {}", error.hint().unwrap_or_default())
}

#[test]
fn instances_are_taken_out_of_their_reservations_as_printed() {
    let answer = r#"{"Reservations":[{"OwnerId":"444455556666","ReservationId":"r-1","Groups":[],"Instances":[
        {"InstanceId":"i-1","LaunchTime":"2026-01-02T03:04:05+00:00","State":{"Code":16,"Name":"running"},"Placement":{"AvailabilityZone":"eu-west-1b"},
         "Tags":[{"Key":"Name","Value":"web"},{"Key":"env","Value":"prod"}]},
        {"InstanceId":"i-2","State":{"Name":"stopped"},"Placement":{"AvailabilityZone":"eu-west-1a"}}]}]}"#;
    let converted = cli(answer, &Origin::default());
    assert_eq!(keys(&converted), ["aws/444455556666/eu-west-1/aws_ec2_instance/i-1", "aws/444455556666/eu-west-1/aws_ec2_instance/i-2"]);
    let [web, other] = converted.observations.as_slice() else { panic!("{converted:?}") };
    assert_eq!(web.native_type.as_deref(), Some("AWS::EC2::Instance"));
    assert_eq!(web.arn.as_deref(), Some("arn:aws:ec2:eu-west-1:444455556666:instance/i-1"));
    assert_eq!((web.name.as_deref(), web.state.as_deref()), (Some("web"), Some("running")));
    assert_eq!(web.created_at, Timestamp::parse("2026-01-02T03:04:05Z").ok());
    assert_eq!(text(web.tags.as_ref()).as_deref(), Some(r#"{"Name":"web","env":"prod"}"#));
    assert_eq!(
        text(Some(&other.properties)).as_deref(),
        Some(r#"{"InstanceId":"i-2","Placement":{"AvailabilityZone":"eu-west-1a"},"State":{"Name":"stopped"}}"#)
    );
    assert_eq!((text(other.tags.as_ref()).as_deref(), &other.name), (Some("{}"), &None), "no tags is none, and an id is no name");
    assert!(converted.notes.iter().any(|note| note.contains("ReservationId")), "{:?}", converted.notes);
    assert!(converted.scopes.is_empty());
}

/// Each recognised member: an element, and the key and state that come of it.
#[test]
fn every_listing_of_ec2_rds_and_s3_gives_its_type() {
    let cases = [
        (r#"{"Vpcs":[{"VpcId":"x","State":"available"}]}"#, "us-east-1/aws_vpc/x available"),
        (r#"{"Subnets":[{"SubnetId":"x","State":"available"}]}"#, "us-east-1/aws_vpc_subnet/x available"),
        (r#"{"RouteTables":[{"RouteTableId":"x"}]}"#, "us-east-1/aws_vpc_route_table/x"),
        (r#"{"NatGateways":[{"NatGatewayId":"x","State":"deleted"}]}"#, "us-east-1/aws_vpc_nat_gateway/x deleted"),
        (r#"{"InternetGateways":[{"InternetGatewayId":"x"}]}"#, "us-east-1/aws_vpc_internet_gateway/x"),
        (r#"{"EgressOnlyInternetGateways":[{"EgressOnlyInternetGatewayId":"x"}]}"#, "us-east-1/aws_vpc_egress_only_internet_gateway/x"),
        (r#"{"SecurityGroups":[{"GroupId":"x","GroupName":"g"}]}"#, "us-east-1/aws_vpc_security_group/x"),
        (r#"{"SecurityGroupRules":[{"SecurityGroupRuleId":"x"}]}"#, "us-east-1/aws_vpc_security_group_rule/x"),
        (r#"{"NetworkAcls":[{"NetworkAclId":"x"}]}"#, "us-east-1/aws_vpc_network_acl/x"),
        (r#"{"NetworkInterfaces":[{"NetworkInterfaceId":"x","Status":"in-use"}]}"#, "us-east-1/aws_ec2_network_interface/x in-use"),
        (r#"{"Addresses":[{"PublicIp":"192.0.2.1"}]}"#, "us-east-1/aws_vpc_eip/192.0.2.1"),
        (r#"{"VpcEndpoints":[{"VpcEndpointId":"x","State":"available"}]}"#, "us-east-1/aws_vpc_endpoint/x available"),
        (
            r#"{"VpcPeeringConnections":[{"VpcPeeringConnectionId":"x","Status":{"Code":"active"}}]}"#,
            "us-east-1/aws_vpc_peering_connection/x active",
        ),
        (r#"{"Volumes":[{"VolumeId":"x","State":"in-use"}]}"#, "us-east-1/aws_ebs_volume/x in-use"),
        (r#"{"Snapshots":[{"SnapshotId":"x","VolumeSize":1,"State":"completed"}]}"#, "us-east-1/aws_ebs_snapshot/x completed"),
        (r#"{"Images":[{"ImageId":"x","State":"available"}]}"#, "us-east-1/aws_ec2_ami/x available"),
        (r#"{"KeyPairs":[{"KeyPairId":"x","KeyName":"k"}]}"#, "us-east-1/aws_ec2_key_pair/x"),
        (r#"{"LaunchTemplates":[{"LaunchTemplateId":"x"}]}"#, "us-east-1/aws_ec2_launch_template/x"),
        (r#"{"LaunchTemplateVersions":[{"LaunchTemplateId":"x","VersionNumber":3}]}"#, "us-east-1/aws_ec2_launch_template_version/x:3"),
        (r#"{"FlowLogs":[{"FlowLogId":"x","FlowLogStatus":"ACTIVE"}]}"#, "us-east-1/aws_vpc_flow_log/x ACTIVE"),
        (r#"{"TransitGateways":[{"TransitGatewayId":"x","State":"available"}]}"#, "us-east-1/aws_ec2_transit_gateway/x available"),
        (r#"{"TransitGatewayAttachments":[{"TransitGatewayAttachmentId":"x"}]}"#, "us-east-1/aws_ec2_transit_gateway_attachment/x"),
        (r#"{"TransitGatewayVpcAttachments":[{"TransitGatewayAttachmentId":"x"}]}"#, "us-east-1/aws_ec2_transit_gateway_vpc_attachment/x"),
        (r#"{"VpnConnections":[{"VpnConnectionId":"x","State":"available"}]}"#, "us-east-1/aws_vpc_vpn_connection/x available"),
        (r#"{"VpnGateways":[{"VpnGatewayId":"x"}]}"#, "us-east-1/aws_vpc_vpn_gateway/x"),
        (r#"{"CustomerGateways":[{"CustomerGatewayId":"x"}]}"#, "us-east-1/aws_vpc_customer_gateway/x"),
        (r#"{"DhcpOptions":[{"DhcpOptionsId":"x"}]}"#, "us-east-1/aws_vpc_dhcp_options/x"),
        (r#"{"Hosts":[{"HostId":"x","State":"available"}]}"#, "us-east-1/aws_ec2_host/x available"),
        (r#"{"PlacementGroups":[{"GroupId":"x","GroupName":"p"}]}"#, "us-east-1/aws_ec2_placement_group/x"),
        (r#"{"ReservedInstances":[{"ReservedInstancesId":"x","State":"active"}]}"#, "us-east-1/aws_ec2_reserved_instance/x active"),
        (r#"{"DBInstances":[{"DBInstanceIdentifier":"x","DBInstanceStatus":"available"}]}"#, "us-east-1/aws_rds_db_instance/x available"),
        (r#"{"DBClusters":[{"DBClusterIdentifier":"x","Status":"available"}]}"#, "us-east-1/aws_rds_db_cluster/x available"),
        (r#"{"DBSnapshots":[{"DBSnapshotIdentifier":"x","Status":"available"}]}"#, "us-east-1/aws_rds_db_snapshot/x available"),
        (r#"{"DBClusterSnapshots":[{"DBClusterSnapshotIdentifier":"x"}]}"#, "us-east-1/aws_rds_db_cluster_snapshot/x"),
        (
            r#"{"DBSubnetGroups":[{"DBSubnetGroupName":"x","SubnetGroupStatus":"Complete"}]}"#,
            "us-east-1/aws_rds_db_subnet_group/x Complete",
        ),
        (r#"{"DBParameterGroups":[{"DBParameterGroupName":"x"}]}"#, "us-east-1/aws_rds_db_parameter_group/x"),
        (r#"{"DBClusterParameterGroups":[{"DBClusterParameterGroupName":"x"}]}"#, "us-east-1/aws_rds_db_cluster_parameter_group/x"),
        (r#"{"OptionGroupsList":[{"OptionGroupName":"x"}]}"#, "us-east-1/aws_rds_db_option_group/x"),
        (
            r#"{"EventSubscriptionsList":[{"CustSubscriptionId":"x","EventSubscriptionArn":"arn:aws:rds:us-east-1:111122223333:es:x"}]}"#,
            "us-east-1/aws_rds_db_event_subscription/x",
        ),
        (r#"{"DBProxies":[{"DBProxyName":"x","Status":"available"}]}"#, "us-east-1/aws_rds_db_proxy/x available"),
        (r#"{"GlobalClusters":[{"GlobalClusterIdentifier":"x","Status":"available"}]}"#, "us-east-1/aws_rds_global_cluster/x available"),
        (
            r#"{"GlobalClusters":[{"GlobalClusterIdentifier":"x","GlobalClusterMembers":[
                {"DBClusterArn":"arn:aws:rds:us-east-1:111122223333:cluster:a","IsWriter":false},
                {"DBClusterArn":"arn:aws:rds:eu-west-1:111122223333:cluster:b","IsWriter":true}]}]}"#,
            "eu-west-1/aws_rds_global_cluster/x",
        ),
        (r#"{"Buckets":[{"Name":"x","BucketRegion":"eu-west-1"}],"Owner":{"ID":"1"}}"#, "eu-west-1/aws_s3_bucket/x"),
        (r#"{"Roles":[{"RoleName":"x","Arn":"arn:aws:iam::111122223333:role/x"}]}"#, "global/aws_iam_role/x"),
        (
            r#"{"Functions":[{"FunctionName":"x","FunctionArn":"arn:aws:lambda:us-east-1:111122223333:function:x"}]}"#,
            "us-east-1/aws_lambda_function/x",
        ),
        (r#"{"HostedZones":[{"Id":"/hostedzone/Z1","CallerReference":"c"}]}"#, "global/aws_route53_zone/Z1"),
        (
            r#"{"DistributionList":{"Items":[{"Id":"x","Status":"Deployed"}],"Quantity":1}}"#,
            "global/aws_cloudfront_distribution/x Deployed",
        ),
    ];
    for (answer, expected) in cases {
        let converted = cli(answer, &ASKED);
        assert_eq!(converted.notes, [""; 0], "{answer}");
        let draft = only(converted);
        let found =
            format!("{}/{}/{} {}", draft.region, draft.resource_type, draft.resource_id, draft.state.as_deref().unwrap_or_default());
        assert_eq!(found.trim(), expected, "{answer}");
        assert_eq!(draft.account_id, "111122223333", "{answer}");
    }
}

#[test]
fn arns_are_made_in_their_documented_forms() {
    let arn = |answer: &str, region| only(cli(answer, &Origin { region: Some(region), ..ASKED })).arn.unwrap();
    assert_eq!(
        arn(r#"{"Snapshots":[{"SnapshotId":"snap-1","VolumeSize":1,"OwnerId":"444455556666"}]}"#, "us-east-1"),
        "arn:aws:ec2:us-east-1::snapshot/snap-1"
    );
    assert_eq!(
        arn(r#"{"KeyPairs":[{"KeyPairId":"key-1","KeyName":"ops"}]}"#, "cn-north-1"),
        "arn:aws-cn:ec2:cn-north-1:111122223333:key-pair/ops"
    );
    assert_eq!(arn(r#"{"Buckets":[{"Name":"b"}]}"#, "us-gov-west-1"), "arn:aws-us-gov:s3:::b");
    assert_eq!(
        arn(r#"{"Subnets":[{"SubnetId":"s","SubnetArn":"arn:aws:ec2:us-east-1:444455556666:subnet/s"}]}"#, "us-east-1"),
        "arn:aws:ec2:us-east-1:444455556666:subnet/s"
    );
}

#[test]
fn tags_that_a_listing_never_carries_are_unknown_and_missing_ones_that_it_does_are_none() {
    let tags = |answer: &str| text(only(cli(answer, &ASKED)).tags.as_ref());
    assert_eq!(tags(r#"{"Volumes":[{"VolumeId":"v"}]}"#).as_deref(), Some("{}"));
    assert_eq!(
        tags(r#"{"NetworkInterfaces":[{"NetworkInterfaceId":"e","TagSet":[{"Key":"a","Value":"b"}]}]}"#).as_deref(),
        Some(r#"{"a":"b"}"#)
    );
    assert_eq!(tags(r#"{"DBInstances":[{"DBInstanceIdentifier":"d","TagList":[]}]}"#).as_deref(), Some("{}"));
    assert_eq!(tags(r#"{"DBInstances":[{"DBInstanceIdentifier":"d"}]}"#), None, "the command line always prints TagList");
    assert_eq!(tags(r#"{"DBSubnetGroups":[{"DBSubnetGroupName":"g"}]}"#), None);
    assert_eq!(tags(r#"{"Buckets":[{"Name":"b"}]}"#), None);
}

#[test]
fn an_account_or_region_that_cannot_be_learned_is_an_error_that_names_the_flag() {
    let vpc = r#"{"Vpcs":[{"VpcId":"vpc-1"}]}"#;
    assert!(refused(vpc, &Origin { account: None, ..ASKED }).contains("--account"));
    let message = refused(vpc, &Origin { region: None, ..ASKED });
    assert!(message.contains("the region of aws_vpc vpc-1 cannot be learned") && message.contains("--region"), "{message}");
    let bucket = refused(r#"{"Buckets":[{"Name":"b"}]}"#, &Origin { region: None, ..ASKED });
    assert!(bucket.contains("--region"), "{bucket}");
}

#[test]
fn folders_tell_account_and_region_where_nothing_better_does() {
    let path = Some("dump/111122223333/us-west-2/ec2-describe-volumes.json");
    let plain = cli(r#"{"Volumes":[{"VolumeId":"v"}]}"#, &Origin { path, ..Origin::default() });
    assert_eq!(keys(&plain), ["aws/111122223333/us-west-2/aws_ebs_volume/v"]);
    let told = cli(
        r#"{"Volumes":[{"VolumeId":"v","AvailabilityZone":"us-west-2-lax-1a"},{"VolumeId":"w"}]}"#,
        &Origin { path: Some("eu-west-1/x.json"), ..Origin { region: None, ..ASKED } },
    );
    assert_eq!(keys(&told), ["aws/111122223333/us-west-2/aws_ebs_volume/v", "aws/111122223333/us-west-2/aws_ebs_volume/w"]);
    assert_eq!(caller_account(&json(r#"{"UserId":"A","Account":"111122223333","Arn":"x"}"#)), Some("111122223333"));
}

#[test]
fn what_lies_in_another_region_than_the_one_given_is_refused() {
    let message = refused(r#"{"Volumes":[{"VolumeId":"v","AvailabilityZone":"eu-west-1a"}]}"#, &ASKED);
    assert!(message.contains("v lies in eu-west-1, not in us-east-1"), "{message}");
}

#[test]
fn what_others_own_is_kept_under_its_owner_and_never_covered() {
    let answer = r#"{"Snapshots":[{"SnapshotId":"s-1","VolumeSize":1,"OwnerId":"111122223333"},{"SnapshotId":"s-2","VolumeSize":1,"OwnerId":"444455556666"}]}"#;
    let converted = cli(answer, &WHOLE);
    assert_eq!(keys(&converted), ["aws/111122223333/us-east-1/aws_ebs_snapshot/s-1", "aws/444455556666/us-east-1/aws_ebs_snapshot/s-2"]);
    assert_eq!(scopes(&converted), ["aws/111122223333/us-east-1/aws_ebs_snapshot complete"]);
    assert!(converted.notes.iter().any(|note| note.contains("account 444455556666")), "{:?}", converted.notes);
    let shared = r#"{"Subnets":[{"SubnetId":"s","OwnerId":"444455556666"}]}"#;
    assert_eq!(scopes(&cli(shared, &WHOLE)), ["aws/111122223333/us-east-1/aws_vpc_subnet complete"], "not the owner's scope");
    let unasked = cli(shared, &Origin { account: None, ..WHOLE });
    assert!(unasked.scopes.is_empty(), "what is shared with somebody is not all that its owner has: {:?}", unasked.scopes);
    let unasked = cli(r#"{"Images":[{"ImageId":"a","OwnerId":"444455556666"}]}"#, &Origin { account: None, ..WHOLE });
    assert!(unasked.scopes.is_empty() && unasked.notes.iter().any(|note| note.contains("--account")), "{unasked:?}");
}

#[test]
fn complete_covers_empty_listings_and_every_kind_of_a_listing() {
    assert_eq!(scopes(&cli(r#"{"Vpcs":[]}"#, &WHOLE)), ["aws/111122223333/us-east-1/aws_vpc complete"]);
    let nobody = cli(r#"{"Vpcs":[]}"#, &Origin { complete: true, ..Origin::default() });
    assert!(nobody.scopes.is_empty() && nobody.notes.iter().any(|note| note.contains("--account")), "{nobody:?}");
    let balancer = r#"{"LoadBalancers":[{"Type":"network","LoadBalancerArn":"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/n/1","State":{"Code":"active"}}]}"#;
    let converted = cli(balancer, &WHOLE);
    assert_eq!(converted.observations.first().map(|draft| draft.resource_type.as_str()), Some("aws_ec2_network_load_balancer"));
    assert_eq!(converted.scopes.len(), 3, "of application, network and gateway load balancers");
    let buckets = cli(r#"{"Buckets":[{"Name":"a","BucketRegion":"eu-west-1"},{"Name":"b"}]}"#, &WHOLE);
    assert_eq!(
        scopes(&buckets),
        ["aws/111122223333/eu-west-1/aws_s3_bucket complete", "aws/111122223333/us-east-1/aws_s3_bucket complete"]
    );
    assert!(buckets.notes.iter().any(|note| note.contains("taken to lie in us-east-1: 1")), "{:?}", buckets.notes);
}

/// An empty list of a name that several services use, taken for the wrong one, would delete all of its resources.
#[test]
fn an_empty_listing_of_a_shared_name_covers_nothing_unless_the_file_tells_the_service() {
    let unnamed = cli(r#"{"Snapshots":[]}"#, &WHOLE);
    assert!(unnamed.scopes.is_empty() && !unnamed.notes.is_empty(), "{unnamed:?}");
    let other = cli(r#"{"Snapshots":[]}"#, &Origin { path: Some("redshift-describe-snapshots.json"), ..WHOLE });
    assert!(other.scopes.is_empty());
    let named = cli(r#"{"Snapshots":[]}"#, &Origin { path: Some("x/ec2-describe-snapshots.json.gz"), ..WHOLE });
    assert_eq!(scopes(&named), ["aws/111122223333/us-east-1/aws_ebs_snapshot complete"]);
}

#[test]
fn an_answer_that_goes_on_or_is_asked_for_by_name_is_never_complete() {
    assert_eq!(scopes(&cli(r#"{"Vpcs":[{"VpcId":"v"}],"NextToken":"abc"}"#, &WHOLE)), ["aws/111122223333/us-east-1/aws_vpc partial"]);
    assert_eq!(scopes(&cli(r#"{"Vpcs":[{"VpcId":"v"}],"NextToken":""}"#, &WHOLE)), ["aws/111122223333/us-east-1/aws_vpc complete"]);
    assert_eq!(scopes(&cli(r#"{"DBInstances":[],"Marker":"m"}"#, &WHOLE)), ["aws/111122223333/us-east-1/aws_rds_db_instance partial"]);
    let inside = cli(r#"{"DistributionList":{"IsTruncated":true,"Items":[{"Id":"x"}]}}"#, &WHOLE);
    assert_eq!(scopes(&inside), ["aws/111122223333/global/aws_cloudfront_distribution partial"]);
    let versions = cli(r#"{"LaunchTemplateVersions":[{"LaunchTemplateId":"x","VersionNumber":1}]}"#, &WHOLE);
    assert!(versions.scopes.is_empty() && versions.notes.len() == 1, "{versions:?}");
    let regions = r#"{"Volumes":[{"VolumeId":"a","AvailabilityZone":"eu-west-1a"},{"VolumeId":"b","AvailabilityZone":"us-east-1a"}]}"#;
    let several = cli(regions, &Origin { region: None, ..WHOLE });
    assert!(several.scopes.is_empty() && several.notes.iter().any(|note| note.contains("several regions")), "{several:?}");
}

#[test]
fn elements_that_are_not_known_are_noted_and_keep_the_listing_from_being_complete() {
    let converted = cli(r#"{"Vpcs":[{"VpcId":"v"},{"Id":"w"},"x"],"Extra":1}"#, &WHOLE);
    assert_eq!(converted.observations.len(), 1);
    assert!(converted.scopes.is_empty(), "{:?}", converted.scopes);
    assert!(converted.notes.iter().any(|note| note.contains("2 of 3 elements") && note.contains("/Vpcs/1")), "{:?}", converted.notes);
    assert!(converted.notes.iter().any(|note| note.contains("Extra")), "{:?}", converted.notes);
}

#[test]
fn documents_without_inventory_are_notes_and_unknown_shapes_errors() {
    for known in [r#"{"Regions":[{"RegionName":"us-east-1"}]}"#, r#"{"UserId":"A","Account":"111122223333","Arn":"x"}"#, "{}", "null"] {
        let converted = cli(known, &ASKED);
        assert!(converted.observations.is_empty() && converted.scopes.is_empty() && converted.notes.len() == 1, "{known}: {converted:?}");
    }
    let attribute = r#"{"InstanceId":"i-1","DisableApiTermination":{"Value":false}}"#;
    let named = cli(attribute, &Origin { path: Some("ec2-describe-instance-attribute.json"), ..ASKED });
    assert!(named.notes.iter().any(|note| note.contains("aws ec2 describe-instance-attribute")), "{:?}", named.notes);
    let message = refused(attribute, &ASKED);
    assert!(message.contains("DisableApiTermination, InstanceId"), "{message}");
    assert!(refused("[1]", &ASKED).contains("an array"));
    assert!(refused(r#"{"Policies":[{"Id":"p"}]}"#, &ASKED).contains("/Policies/0"));
}

#[test]
fn times_are_read_in_every_form_that_answers_use() {
    let at = |value: &str| extract::time(&json(value)).map(|time| time.to_string());
    assert_eq!(at(r#""2026-01-02T03:04:05.678Z""#).as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(at(r#""2026-01-02T03:04:05.678+0000""#).as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(at("1767323045.5").as_deref(), Some("2026-01-02T03:04:05.500Z"));
    assert_eq!(at("1767323045678").as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(at(r#""yesterday""#), None);
    let odd = cli(r#"{"Volumes":[{"VolumeId":"v","CreateTime":"yesterday"}]}"#, &ASKED);
    assert!(odd.notes.iter().any(|note| note.contains("yesterday")), "{:?}", odd.notes);
}

/// An item of AWS Config with these further members.
fn item(native_type: &str, id: &str, more: &str) -> String {
    format!(r#"{{"accountId":"111122223333","awsRegion":"us-east-1","resourceType":"{native_type}","resourceId":"{id}"{more}}}"#)
}

#[test]
fn items_become_resources_in_the_shape_that_the_command_line_prints() {
    let more = r#","arn":"arn:aws:ec2:us-east-1:111122223333:instance/i-1","configurationItemStatus":"OK","configurationItemCaptureTime":"2026-01-01T00:00:00.000Z",
        "availabilityZone":"us-east-1b","resourceCreationTime":"2025-12-31T00:00:00.000Z","tags":{"Name":"web"},"version":"1.3","relatedEvents":[],
        "relationships":[{"resourceId":"vpc-1"},{"resourceId":"eni-1"}],
        "configuration":{"instanceId":"i-1","state":{"name":"running","code":16},"ebsOptimized":true,"tags":[{"key":"Name","value":"web"}]}"#;
    let draft = only(config(&item("AWS::EC2::Instance", "i-1", more)));
    assert_eq!(draft.key().unwrap().as_str(), "aws/111122223333/us-east-1/aws_ec2_instance/i-1");
    let properties = r#"{"AvailabilityZone":"us-east-1b","EbsOptimized":true,"InstanceId":"i-1","Relationships":[{"resourceId":"eni-1"},{"resourceId":"vpc-1"}],"State":{"Code":16,"Name":"running"},"Tags":[{"Key":"Name","Value":"web"}]}"#;
    assert_eq!(text(Some(&draft.properties)).as_deref(), Some(properties));
    assert_eq!((draft.name.as_deref(), draft.state.as_deref(), draft.deleted), (Some("web"), Some("running"), false));
    assert_eq!(draft.observed_at, Timestamp::parse("2026-01-01T00:00:00Z").ok());
    assert_eq!(draft.created_at, Timestamp::parse("2025-12-31T00:00:00Z").ok());
    assert_eq!(text(draft.tags.as_ref()).as_deref(), Some(r#"{"Name":"web"}"#));
}

#[test]
fn history_comes_out_in_order_of_capture_with_deletions() {
    let at = |time: &str, status: &str| {
        item(
            "AWS::EC2::VPC",
            "vpc-1",
            &format!(
                r#","configurationItemStatus":"{status}","configurationItemCaptureTime":"2026-01-{time}T00:00:00Z","configuration":null"#
            ),
        )
    };
    let file = format!(
        r#"{{"fileVersion":"1.0","configurationItems":[{},{},{},{}]}}"#,
        at("04", "ResourceDeletedNotRecorded"),
        at("03", "ResourceNotRecorded"),
        at("02", "OK"),
        at("01", "ResourceDiscovered")
    );
    let converted = config(&file);
    let seen: Vec<_> = converted.observations.iter().map(|draft| (draft.observed_at.unwrap().to_string(), draft.deleted)).collect();
    assert_eq!(
        seen,
        [("2026-01-01T00:00:00Z".to_owned(), false), ("2026-01-02T00:00:00Z".to_owned(), false), ("2026-01-04T00:00:00Z".to_owned(), true)]
    );
    assert!(converted.notes.iter().any(|note| note.contains("ResourceNotRecorded")), "{:?}", converted.notes);
}

#[test]
fn items_are_found_in_every_wrapper() {
    let vpc = item("AWS::EC2::VPC", "vpc-1", r#","configurationItemStatus":"OK""#);
    let quoted =
        Json::String(format!(r#"{{"messageType":"ConfigurationItemChangeNotification","configurationItem":{vpc}}}"#).into()).canonical();
    let wrapped = [
        vpc.clone(),
        format!("[{vpc}]"),
        format!(r#"{{"configurationItems":[{vpc}]}}"#),
        format!(r#"{{"baseConfigurationItems":[{vpc}],"unprocessedResourceKeys":[]}}"#),
        format!(r#"{{"messageType":"ConfigurationItemChangeNotification","configurationItem":{vpc},"configurationItemDiff":{{}}}}"#),
        format!(r#"{{"source":"aws.config","detail":{{"configurationItem":{vpc}}}}}"#),
        format!(r#"{{"Type":"Notification","Message":{}}}"#, quoted.as_str()),
        format!(r#"{{"invokingEvent":{}}}"#, quoted.as_str()),
        format!(r#"{{"Results":[{}],"QueryInfo":{{}}}}"#, Json::String(vpc.as_str().into()).canonical().as_str()),
    ];
    for document in wrapped {
        assert_eq!(keys(&config(&document)), ["aws/111122223333/us-east-1/aws_vpc/vpc-1"], "{document}");
    }
    let oversized = r#"{"messageType":"OversizedConfigurationItemChangeNotification","configurationItemSummary":{"resourceId":"sg-1"}}"#;
    for note in [oversized, r#"{"messageType":"ConfigurationSnapshotDeliveryCompleted"}"#] {
        let converted = config(note);
        assert!(converted.observations.is_empty() && converted.notes.len() == 1, "{converted:?}");
    }
    assert!(config(r#"{"configurationItems":[]}"#).observations.is_empty());
    let error = aws_config::convert(&json(r#"{"Vpcs":[]}"#), &Origin::default()).unwrap_err();
    assert!(error.to_string().contains("found Vpcs") && error.hint().unwrap().contains("aws-cli"), "{error}");
}

/// The id of the command line's listing, not the recorder's internal one, also for deletions, which have no configuration.
#[test]
fn items_and_listings_give_one_resource_one_key() {
    let item = |native: &str, id: &str, more: &str| {
        keys(&config(&item(native, id, &format!(r#","configurationItemStatus":"ResourceDeleted"{more}"#)))).join(" ")
    };
    assert_eq!(
        item("AWS::RDS::DBInstance", "db-ABC", r#","resourceName":"orders""#),
        "aws/111122223333/us-east-1/aws_rds_db_instance/orders"
    );
    assert_eq!(
        item("AWS::RDS::DBInstance", "db-ABC", r#","arn":"arn:aws:rds:us-east-1:111122223333:db:orders""#),
        "aws/111122223333/us-east-1/aws_rds_db_instance/orders"
    );
    assert_eq!(
        item("AWS::IAM::Role", "AROA1", r#","resourceName":"admin","awsRegion2":"x""#),
        "aws/111122223333/global/aws_iam_role/admin"
    );
    assert_eq!(
        item("AWS::IAM::Policy", "ANPA1", r#","arn":"arn:aws:iam::111122223333:policy/p""#),
        "aws/111122223333/global/aws_iam_policy/arn:aws:iam::111122223333:policy/p"
    );
    let nameless = config(&self::item("AWS::RDS::DBInstance", "db-ABC", r#","configurationItemStatus":"OK""#));
    assert!(nameless.notes.iter().any(|note| note.contains("internal id")), "{:?}", nameless.notes);
}

#[test]
fn what_else_an_item_tells_joins_the_properties_under_its_own_name() {
    let more = r#","configurationItemStatus":"OK","awsRegion":"eu-west-1","availabilityZone":"Regional","unheard":1,
        "configuration":"{\"name\":\"b\",\"creationDate\":\"2026-01-01T00:00:00Z\"}",
        "supplementaryConfiguration":{"BucketPolicy":{"policyText":"{}"},"IsRequesterPaysEnabled":"false","AccessControlList":"\"{\\\"grantList\\\":[]}\"","Name":"c"}"#;
    let item = format!(r#"{{"awsAccountId":"111122223333","resourceType":"AWS::S3::Bucket","resourceId":"b"{more}}}"#);
    let converted = config(&item);
    assert!(converted.notes.iter().any(|note| note.contains("SupplementaryName")), "{:?}", converted.notes);
    assert!(converted.notes.iter().any(|note| note.contains("unheard")), "{:?}", converted.notes);
    let draft = only(converted);
    let properties = r#"{"AccessControlList":{"GrantList":[]},"BucketPolicy":{"PolicyText":"{}"},"CreationDate":"2026-01-01T00:00:00Z","IsRequesterPaysEnabled":false,"Name":"b","SupplementaryName":"c"}"#;
    assert_eq!(text(Some(&draft.properties)).as_deref(), Some(properties));
    assert_eq!((draft.region.as_str(), draft.name.as_deref(), draft.arn.as_deref()), ("eu-west-1", Some("b"), Some("arn:aws:s3:::b")));
}

#[test]
fn members_take_the_casing_of_the_service_and_the_keys_of_maps_stay() {
    let properties = |native: &str, configuration: &str| {
        let more = format!(r#","configurationItemStatus":"OK","configuration":{configuration}"#);
        text(Some(&only(config(&item(native, "x", &more))).properties)).unwrap()
    };
    assert_eq!(
        properties("AWS::RDS::DBCluster", r#"{"dbclusterArn":"a","dBSubnetGroup":"s","multiAZ":true}"#),
        r#"{"DBClusterArn":"a","DBSubnetGroup":"s","MultiAZ":true}"#
    );
    assert_eq!(
        properties("AWS::Lambda::Function", r#"{"environment":{"variables":{"lower":"v","x-y":"z"}}}"#),
        r#"{"Environment":{"Variables":{"lower":"v","x-y":"z"}}}"#
    );
    assert_eq!(
        properties("AWS::ECS::TaskDefinition", r#"{"ContainerDefinitions":[{"DockerLabels":{"Team":"a"}}]}"#),
        r#"{"containerDefinitions":[{"dockerLabels":{"Team":"a"}}]}"#
    );
    assert_eq!(
        properties("AWS::IAM::Role", r#"{"assumeRolePolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%7D"}"#),
        r#"{"AssumeRolePolicyDocument":{"Version":"2012-10-17"}}"#
    );
    assert_eq!(
        properties("AWS::EC2::LaunchTemplate", r#"{"Id":"x","LaunchTemplateName":"n"}"#),
        r#"{"LaunchTemplateId":"x","LaunchTemplateName":"n"}"#
    );
    let tunnels = properties("AWS::EC2::VPNConnection", r#"{"options":{"tunnelOptions":[{"preSharedKey":"k"}]}}"#);
    assert_eq!(tunnels, r#"{"Options":{"TunnelOptions":[{"PreSharedKey":"k"}]}}"#);
    let settings = r#"{"optionSettings":{"aws:x":{"lower":{"Value":"v"}}}}"#;
    assert_eq!(properties("AWS::ElasticBeanstalk::Environment", settings), r#"{"OptionSettings":{"aws:x":{"lower":{"Value":"v"}}}}"#);
    assert_eq!(properties("Org::Kind::Thing", r#"{"someThing":1}"#), r#"{"someThing":1}"#);
    let described = r#"{"ipPermissions":[{"fromPort":1,"ipRanges":["192.0.2.0/24"],"ipv4Ranges":[{"cidrIp":"192.0.2.0/24","description":"d"}]},{"ipRanges":["198.51.100.0/24"]}]}"#;
    assert_eq!(
        properties("AWS::EC2::SecurityGroup", described),
        r#"{"IpPermissions":[{"FromPort":1,"IpRanges":[{"CidrIp":"192.0.2.0/24","Description":"d"}]},{"IpRanges":[{"CidrIp":"198.51.100.0/24"}]}]}"#
    );
}

#[test]
fn native_types_get_the_names_that_users_know() {
    let cases = [
        ("AWS::ECS::Cluster", "aws_ecs_cluster"),
        ("AWS::EC2::EIP", "aws_vpc_eip"),
        ("AWS::EC2::Volume", "aws_ebs_volume"),
        ("AWS::RDS::DBInstance", "aws_rds_db_instance"),
        ("AWS::ApiGateway::RestApi", "aws_api_gateway_rest_api"),
        ("AWS::WAFv2::WebACL", "aws_wafv2_web_acl"),
        ("AWS::Glue::MLTransform", "aws_glue_ml_transform"),
        ("AWS::EC2::EC2Fleet", "aws_ec2_ec2_fleet"),
        ("AWS::Route53::HostedZone", "aws_route53_zone"),
        ("AWS::S3::AccountPublicAccessBlock", "aws_s3_account_settings"),
        ("AWS::AutoScaling::AutoScalingGroup", "aws_ec2_autoscaling_group"),
        ("Org::My-Kind::Thing", "org_my_kind_thing"),
    ];
    for (native, expected) in cases {
        assert_eq!(names::resource_type(native, None), expected);
    }
    let balancer = |part: &str| {
        names::resource_type(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            Some(&format!("arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/{part}/x")),
        )
    };
    assert_eq!(
        (balancer("net").as_str(), balancer("gwy").as_str(), balancer("app").as_str()),
        ("aws_ec2_network_load_balancer", "aws_ec2_gateway_load_balancer", "aws_ec2_application_load_balancer")
    );
}

#[test]
fn an_item_without_what_its_key_is_made_of_is_refused() {
    let refused = |text: &str| aws_config::convert(&json(text), &Origin::default()).unwrap_err().to_string();
    assert!(refused(r#"{"resourceType":"AWS::EC2::VPC","resourceId":"v","configurationItemStatus":"OK"}"#).contains("account"));
    assert!(refused(r#"{"resourceType":"AWS::EC2::VPC","resourceId":null,"configurationItemStatus":"OK"}"#).contains("resourceId"));
    assert!(refused(&item("AWS::EC2::VPC", "v", r#","configurationItemCaptureTime":"soon""#)).contains("configurationItemCaptureTime"));
}

#[test]
fn an_unreadable_capture_time_is_taken_from_the_state_id_and_told() {
    let more = r#","configurationItemStatus":"OK","configurationItemCaptureTime":"datetime.datetime(2020, 4, 22)","configurationStateId":"1587582797718""#;
    let converted = config(&item("AWS::EC2::VPC", "v", more));
    assert!(
        converted.notes.iter().any(|note| note.contains("datetime.datetime") && note.contains("configurationStateId")),
        "{:?}",
        converted.notes
    );
    assert_eq!(only(converted).observed_at, Timestamp::parse("2020-04-22T19:13:17.718Z").ok());
}

#[test]
fn secrets_are_replaced_in_both_casings_and_counted() {
    let redacted = |of_type: &str, before: &str| {
        let mut properties = json(before);
        let count = Secrets::of(of_type).redact(&mut properties);
        assert_eq!(Secrets::of(of_type).redact(&mut properties), 0, "a second run finds nothing: {before}");
        format!("{count} {}", properties.canonical().as_str())
    };
    assert_eq!(
        redacted("aws_lambda_function", r#"{"Environment":{"Variables":{"A":"s","B":"t"}},"Timeout":3}"#),
        r#"2 {"Environment":{"Variables":{"A":"<redacted>","B":"<redacted>"}},"Timeout":3}"#
    );
    assert_eq!(
        redacted("aws_lambda_function", r#"{"environment":{"variables":{"a":"s"}}}"#),
        r#"1 {"environment":{"variables":{"a":"<redacted>"}}}"#
    );
    assert_eq!(
        redacted("aws_ec2_instance", r#"{"InstanceId":"i","UserData":{"Value":"c2VjcmV0"}}"#),
        r#"1 {"InstanceId":"i","UserData":{"Value":"<redacted>"}}"#
    );
    assert_eq!(
        redacted("aws_rds_db_instance", r#"{"PendingModifiedValues":{"MasterUserPassword":null}}"#),
        r#"0 {"PendingModifiedValues":{"MasterUserPassword":null}}"#
    );
    let settings = r#"{"optionSettings":[{"namespace":"aws:elasticbeanstalk:application:environment","optionName":"KEY","value":"s"},{"namespace":"aws:autoscaling:asg","optionName":"MinSize","value":"1"}]}"#;
    assert!(redacted("aws_elastic_beanstalk_environment", settings).starts_with(
        r#"1 {"optionSettings":[{"namespace":"aws:elasticbeanstalk:application:environment","optionName":"KEY","value":"<redacted>"}"#
    ));
    assert_eq!(redacted("aws_vpc", r#"{"UserData":"x"}"#), r#"0 {"UserData":"x"}"#);
    let recorded = r#"{"OptionSettings":{"aws:elasticbeanstalk:application:environment":{"KEY":{"Value":"s"}},"aws:autoscaling:asg":{"MinSize":{"Value":"1"}}}}"#;
    assert_eq!(
        redacted("aws_elastic_beanstalk_environment", recorded),
        r#"1 {"OptionSettings":{"aws:autoscaling:asg":{"MinSize":{"Value":"1"}},"aws:elasticbeanstalk:application:environment":{"KEY":{"Value":"<redacted>"}}}}"#
    );
    let task = r#"{"containerDefinitions":[{"environment":[{"name":"A","value":"s"}],"secrets":[{"name":"B","valueFrom":"arn:x"}]}]}"#;
    assert_eq!(
        redacted("aws_ecs_task_definition", task),
        r#"1 {"containerDefinitions":[{"environment":[{"name":"A","value":"<redacted>"}],"secrets":[{"name":"B","valueFrom":"arn:x"}]}]}"#
    );
}

#[test]
fn tables_hold_together() {
    assert!(redact::table_can_be_searched());
    for kind in table::KINDS {
        let ok =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(ok(kind.resource_type) && !kind.id.is_empty(), "{kind:?}");
    }
}

#[test]
fn zones_and_folders_are_told_from_other_words() {
    for region in ["us-east-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-12"] {
        assert!(arn::is_region(region), "{region}");
    }
    for other in ["us-east-1a", "prod-1", "my-app-v2", "describe-vpcs", "2026-01-02", ""] {
        assert!(!arn::is_region(other), "{other}");
    }
    assert_eq!(arn::region_of_zone("us-east-1-wl1-bos-wlz-1"), Some("us-east-1"));
    assert_eq!(arn::account_and_region("arn:aws:iam::aws:policy/X"), (None, None));
}
