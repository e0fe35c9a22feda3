//! The name that Elava gives to a native type.
//!
//! Rule: `AWS::Service::TypeName` becomes `aws_service_type_name`: the service in lower case, the type in snake case, an
//! acronym being one word (`DBInstance` is `db_instance`, `WebACL` is `web_acl`). Where the names that SQL users of clouds know
//! (Steampipe's) differ, the tables here hold. Types of others (`Org::Service::Type`) are written the same way.

use super::table::KINDS;

/// Services whose established name is not the lower-cased one.
const SERVICES: &[(&str, &str)] = &[
    ("AmazonMQ", "mq"),
    ("ApiGateway", "api_gateway"),
    ("ApiGatewayV2", "api_gatewayv2"),
    ("ApplicationAutoScaling", "appautoscaling"),
    ("CertificateManager", "acm"),
    ("ElasticBeanstalk", "elastic_beanstalk"),
    ("Events", "eventbridge"),
    ("KinesisFirehose", "kinesis_firehose"),
    ("Logs", "cloudwatch_log"),
    ("MediaStore", "media_store"),
    ("OpenSearchService", "opensearch"),
    ("Route53Resolver", "route53_resolver"),
    ("ShieldRegional", "shield"),
    ("StepFunctions", "sfn"),
];

/// Types whose established name the rule does not give, besides those of the kinds.
const TYPES: &[(&str, &str)] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", "aws_appautoscaling_target"),
    ("AWS::AppSync::GraphQLApi", "aws_appsync_graphql_api"),
    ("AWS::Athena::WorkGroup", "aws_athena_workgroup"),
    ("AWS::Backup::BackupPlan", "aws_backup_plan"),
    ("AWS::Backup::BackupSelection", "aws_backup_selection"),
    ("AWS::Backup::BackupVault", "aws_backup_vault"),
    ("AWS::Cassandra::Keyspace", "aws_keyspaces_keyspace"),
    ("AWS::DocDB::DBCluster", "aws_docdb_cluster"),
    ("AWS::DocDB::DBInstance", "aws_docdb_cluster_instance"),
    ("AWS::EC2::VPCEndpointService", "aws_vpc_endpoint_service"),
    ("AWS::Config::ConfigRule", "aws_config_rule"),
    ("AWS::CodeDeploy::Application", "aws_codedeploy_app"),
    ("AWS::ECR::PublicRepository", "aws_ecrpublic_repository"),
    ("AWS::Events::EventBus", "aws_eventbridge_bus"),
    ("AWS::IAM::ManagedPolicy", "aws_iam_policy"),
    ("AWS::Kinesis::StreamConsumer", "aws_kinesis_consumer"),
    ("AWS::Logs::LogGroup", "aws_cloudwatch_log_group"),
    ("AWS::Redshift::ClusterParameterGroup", "aws_redshift_parameter_group"),
    ("AWS::Redshift::ClusterSnapshot", "aws_redshift_snapshot"),
    ("AWS::Route53::RecordSet", "aws_route53_record"),
    ("AWS::Route53Resolver::ResolverEndpoint", "aws_route53_resolver_endpoint"),
    ("AWS::Route53Resolver::ResolverRule", "aws_route53_resolver_rule"),
    ("AWS::S3::AccountPublicAccessBlock", "aws_s3_account_settings"),
    ("AWS::SNS::Subscription", "aws_sns_topic_subscription"),
    ("AWS::SSM::ManagedInstanceInventory", "aws_ssm_inventory"),
];

/// The name of the typed view of a native type. The ARN tells the kinds of load balancer apart.
pub fn resource_type(native_type: &str, arn: Option<&str>) -> String {
    if native_type == "AWS::ElasticLoadBalancingV2::LoadBalancer" {
        return load_balancer(arn.unwrap_or_default()).to_owned();
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.native_type == native_type) {
        return kind.resource_type.to_owned();
    }
    if let Some((_, name)) = TYPES.iter().find(|(native, _)| *native == native_type) {
        return (*name).to_owned();
    }
    match native_type.strip_prefix("AWS::").and_then(|rest| rest.split_once("::")) {
        Some((service, name)) => {
            let known = SERVICES.iter().find(|(native, _)| *native == service).map(|(_, name)| *name);
            let service = known.map_or_else(|| plain(service), str::to_owned);
            format!("aws_{service}_{}", snake_case(name))
        }
        None => snake_case(native_type),
    }
}

fn load_balancer(arn: &str) -> &'static str {
    match arn {
        _ if arn.contains(":loadbalancer/net/") => "aws_ec2_network_load_balancer",
        _ if arn.contains(":loadbalancer/gwy/") => "aws_ec2_gateway_load_balancer",
        _ => "aws_ec2_application_load_balancer",
    }
}

/// Lower case, with `_` for what is neither letter nor digit.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect()
}

/// `DBInstance` becomes `db_instance`.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied().unwrap_or('_');
        let after = letters.get(at + 1).copied().unwrap_or('_');
        let starts_word =
            letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || (before.is_ascii_alphanumeric() && after.is_ascii_lowercase()));
        let separates = !letter.is_ascii_alphanumeric();
        if (starts_word || separates) && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if !separates {
            out.push(letter.to_ascii_lowercase());
        }
    }
    out
}
