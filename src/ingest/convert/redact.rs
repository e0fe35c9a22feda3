//! Secrets, and where they stand: what Elava never stores.
//!
//! Per resource type a list of pointers below `properties`. `*` is any member or position, `*[Name=Value]` any that has
//! this member with this value. The first letter of a member may have either case, since sources differ in it.
//! References to secrets (ARNs of Secrets Manager or Parameter Store) are no secrets and stay.

use super::casing::same_but_first_letter;
use crate::model::Json;

/// What stands in place of a secret.
pub const REDACTED: &str = "<redacted>";

/// The pointers of each type that has any, sorted by type.
const SECRETS: &[(&str, &[&str])] = &[
    (
        "aws_amplify_app",
        &[
            "/AccessToken",
            "/AutoBranchCreationConfig/BasicAuthCredentials",
            "/AutoBranchCreationConfig/EnvironmentVariables/*",
            "/BasicAuthCredentials",
            "/EnvironmentVariables/*",
            "/OauthToken",
        ],
    ),
    ("aws_amplify_branch", &["/BasicAuthCredentials", "/EnvironmentVariables/*"]),
    ("aws_api_gateway_api_key", &["/Value"]),
    (
        "aws_apprunner_service",
        &[
            "/SourceConfiguration/CodeRepository/CodeConfiguration/CodeConfigurationValues/RuntimeEnvironmentVariables/*",
            "/SourceConfiguration/ImageRepository/ImageConfiguration/RuntimeEnvironmentVariables/*",
        ],
    ),
    ("aws_appsync_data_source", &["/HttpConfig/AuthorizationConfig/ApiKey"]),
    ("aws_appsync_graphql_api", &["/EnvironmentVariables/*"]),
    (
        "aws_batch_job_definition",
        &[
            "/ContainerProperties/Environment/*/Value",
            "/EksProperties/PodProperties/Containers/*/Env/*/Value",
            "/NodeProperties/NodeRangeProperties/*/Container/Environment/*/Value",
            "/EcsProperties/TaskProperties/*/Containers/*/Environment/*/Value",
            "/NodeProperties/NodeRangeProperties/*/EcsProperties/TaskProperties/*/Containers/*/Environment/*/Value",
        ],
    ),
    ("aws_bedrockagentcore_harness", &["/EnvironmentVariables/*"]),
    ("aws_bedrockagentcore_runtime", &["/EnvironmentVariables/*"]),
    (
        "aws_cloudfront_distribution",
        &["/DistributionConfig/Origins/Items/*/CustomHeaders/Items/*/HeaderValue", "/Origins/Items/*/CustomHeaders/Items/*/HeaderValue"],
    ),
    ("aws_codebuild_project", &["/Environment/EnvironmentVariables/*/Value", "/Webhook/Secret"]),
    (
        "aws_codepipeline_pipeline",
        &[
            "/Pipeline/Stages/*/Actions/*/Configuration/EnvironmentVariables",
            "/Pipeline/Stages/*/Actions/*/Configuration/OAuthToken",
            "/Stages/*/Actions/*/Configuration/EnvironmentVariables",
            "/Stages/*/Actions/*/Configuration/OAuthToken",
            "/Stages/*/Actions/*/EnvironmentVariables/*/Value",
        ],
    ),
    ("aws_codepipeline_webhook", &["/Definition/AuthenticationConfiguration/SecretToken"]),
    ("aws_cognito_identity_provider", &["/ProviderDetails/client_secret", "/ProviderDetails/private_key"]),
    ("aws_cognito_user_pool_client", &["/ClientSecret"]),
    ("aws_directory_service_directory", &["/Password", "/RadiusSettings/SharedSecret"]),
    (
        "aws_dms_endpoint",
        &[
            "/Password",
            "/*/AuthPassword",
            "/*/Password",
            "/*/SaslPassword",
            "/*/SecurityDbEncryption",
            "/*/SslClientKeyPassword",
            "/*/AsmPassword",
        ],
    ),
    ("aws_docdb_cluster", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword"]),
    ("aws_ec2_instance", &["/UserData", "/LaunchTemplateData/UserData"]),
    ("aws_ec2_key_pair", &["/KeyMaterial"]),
    ("aws_ec2_launch_configuration", &["/UserData"]),
    ("aws_ec2_launch_template", &["/LaunchTemplateData/UserData", "/LaunchTemplateVersion/LaunchTemplateData/UserData"]),
    ("aws_ec2_launch_template_version", &["/LaunchTemplateData/UserData"]),
    ("aws_ec2_load_balancer_listener", &["/DefaultActions/*/AuthenticateOidcConfig/ClientSecret"]),
    ("aws_ec2_load_balancer_listener_rule", &["/Actions/*/AuthenticateOidcConfig/ClientSecret"]),
    (
        "aws_ec2_spot_fleet_request",
        &["/SpotFleetRequestConfig/LaunchSpecifications/*/UserData", "/SpotFleetRequestConfigData/LaunchSpecifications/*/UserData"],
    ),
    ("aws_ec2_spot_instance_request", &["/LaunchSpecification/UserData"]),
    ("aws_ec2_verified_access_trust_provider", &["/OidcOptions/ClientSecret"]),
    ("aws_ecs_daemon_task_definition", &["/ContainerDefinitions/*/Environment/*/Value"]),
    ("aws_ecs_service", &["/ServiceConnectConfiguration/LogConfiguration/Options/splunk-token"]),
    (
        "aws_ecs_task_definition",
        &[
            "/ContainerDefinitions/*/Environment/*/Value",
            "/ContainerDefinitions/*/Secrets/*/Value",
            "/ContainerDefinitions/*/LogConfiguration/Options/splunk-token",
            "/ContainerDefinitions/*/FirelensConfiguration/Options/splunk_token",
        ],
    ),
    (
        "aws_elastic_beanstalk_environment",
        &[
            "/OptionSettings/*[Namespace=aws:elasticbeanstalk:application:environment]/Value",
            "/OptionSettings/*[OptionName=DBPassword]/Value",
            "/OptionSettings/aws:elasticbeanstalk:application:environment/*",
            "/OptionSettings/aws:rds:dbinstance/DBPassword",
        ],
    ),
    ("aws_elasticache_cluster", &["/AuthToken"]),
    ("aws_elasticache_replication_group", &["/AuthToken"]),
    ("aws_elasticache_user", &["/Passwords"]),
    ("aws_elasticsearch_domain", &["/AdvancedSecurityOptions/MasterUserOptions/MasterUserPassword"]),
    (
        "aws_emr_cluster",
        &[
            "/KerberosAttributes/ADDomainJoinPassword",
            "/KerberosAttributes/CrossRealmTrustPrincipalPassword",
            "/KerberosAttributes/KdcAdminPassword",
        ],
    ),
    (
        "aws_eventbridge_connection",
        &[
            "/AuthParameters/ApiKeyAuthParameters/ApiKeyValue",
            "/AuthParameters/BasicAuthParameters/Password",
            "/AuthParameters/InvocationHttpParameters/*/*/Value",
            "/AuthParameters/OAuthParameters/ClientParameters/ClientSecret",
            "/AuthParameters/OAuthParameters/OAuthHttpParameters/*/*/Value",
        ],
    ),
    (
        "aws_glue_connection",
        &[
            "/AuthenticationConfiguration/BasicAuthenticationProperties/Password",
            "/AuthenticationConfiguration/CustomAuthenticationCredentials/*",
            "/AuthenticationConfiguration/OAuth2Properties/OAuth2ClientApplication/*Secret",
            "/ConnectionInput/ConnectionProperties/ENCRYPTED_PASSWORD",
            "/ConnectionInput/ConnectionProperties/PASSWORD",
            "/ConnectionProperties/ENCRYPTED_PASSWORD",
            "/ConnectionProperties/PASSWORD",
        ],
    ),
    ("aws_iam_access_key", &["/SecretAccessKey"]),
    ("aws_iam_server_certificate", &["/PrivateKey"]),
    ("aws_iam_user", &["/AccessKeys/*/SecretAccessKey", "/LoginProfile/Password"]),
    ("aws_iam_virtual_mfa_device", &["/Base32StringSeed", "/QRCodePNG"]),
    ("aws_iot_topic_rule_destination", &["/InfluxDBProperties/SecretKey"]),
    ("aws_iotanalytics_dataset", &["/Actions/*/ContainerAction/Variables/*/StringValue"]),
    (
        "aws_kinesis_firehose_delivery_stream",
        &[
            "/Destinations/*/*/EndpointConfiguration/AccessKey",
            "/Destinations/*/*/HECToken",
            "/Destinations/*/*/Password",
            "/*/EndpointConfiguration/AccessKey",
            "/*/HECToken",
            "/*/Password",
        ],
    ),
    ("aws_lambda_function", &["/Code/Location", "/Configuration/Environment/Variables/*", "/Environment/Variables/*"]),
    ("aws_lambda_version", &["/Environment/Variables/*"]),
    ("aws_lightsail_container", &["/ContainerServiceDeployment/Containers/*/Environment/*/Value"]),
    ("aws_lightsail_database", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword"]),
    ("aws_mediapackage_channel", &["/HlsIngest/IngestEndpoints/*/Password"]),
    ("aws_memorydb_user", &["/AuthenticationMode/Passwords"]),
    ("aws_mq_broker", &["/LdapServerMetadata/ServiceAccountPassword", "/Users/*/Password"]),
    ("aws_neptune_db_cluster", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword"]),
    ("aws_opensearch_domain", &["/AdvancedSecurityOptions/MasterUserOptions/MasterUserPassword"]),
    ("aws_rds_db_cluster", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword"]),
    ("aws_rds_db_instance", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword", "/TdeCredentialPassword"]),
    (
        "aws_rds_db_option_group",
        &["/Options/*/OptionSettings/*[IsSensitive=true]/Value", "/Options/*/OptionSettings/*[Name=AGENT_REGISTRATION_PASSWORD]/Value"],
    ),
    ("aws_redshift_cluster", &["/MasterUserPassword", "/PendingModifiedValues/MasterUserPassword"]),
    ("aws_redshiftserverless_namespace", &["/AdminUserPassword"]),
    ("aws_sagemaker_algorithm", &["/InferenceSpecification/Containers/*/Environment/*"]),
    ("aws_sagemaker_app_image_config", &["/*/ContainerConfig/ContainerEnvironmentVariables/*/Value"]),
    ("aws_sagemaker_data_quality_job_definition", &["/DataQualityAppSpecification/Environment/*"]),
    ("aws_sagemaker_inference_component", &["/Specification/Container/Environment/*"]),
    ("aws_sagemaker_model", &["/Containers/*/Environment/*", "/PrimaryContainer/Environment/*"]),
    ("aws_sagemaker_model_bias_job_definition", &["/ModelBiasAppSpecification/Environment/*"]),
    ("aws_sagemaker_model_explainability_job_definition", &["/ModelExplainabilityAppSpecification/Environment/*"]),
    (
        "aws_sagemaker_model_package",
        &[
            "/InferenceSpecification/Containers/*/Environment/*",
            "/ValidationSpecification/ValidationProfiles/*/TransformJobDefinition/Environment/*",
        ],
    ),
    ("aws_sagemaker_model_quality_job_definition", &["/ModelQualityAppSpecification/Environment/*"]),
    ("aws_sagemaker_monitoring_schedule", &["/MonitoringScheduleConfig/MonitoringJobDefinition/Environment/*"]),
    ("aws_sagemaker_processing_job", &["/Environment/*"]),
    ("aws_sagemaker_training_job", &["/Environment/*"]),
    ("aws_secretsmanager_secret", &["/SecretBinary", "/SecretString"]),
    ("aws_ssm_parameter", &["/Value"]),
    ("aws_synthetics_canary", &["/RunConfig/EnvironmentVariables/*"]),
    (
        "aws_vpc_vpn_connection",
        &["/CustomerGatewayConfiguration", "/Options/TunnelOptions/*/PreSharedKey", "/VpnTunnelOptionsSpecifications/*/PreSharedKey"],
    ),
    (
        "azure_app_service_web_app",
        &["/properties/siteConfig/appSettings/*/value", "/properties/siteConfig/connectionStrings/*/connectionString"],
    ),
    (
        "azure_compute_virtual_machine",
        &[
            "/osProfile/adminPassword",
            "/osProfile/customData",
            "/properties/osProfile/adminPassword",
            "/properties/osProfile/customData",
            "/properties/userData",
            "/userData",
        ],
    ),
    (
        "azure_compute_virtual_machine_scale_set",
        &[
            "/properties/virtualMachineProfile/osProfile/adminPassword",
            "/properties/virtualMachineProfile/osProfile/customData",
            "/properties/virtualMachineProfile/userData",
        ],
    ),
    ("azure_postgresql_flexible_server", &["/properties/administratorLoginPassword"]),
    ("azure_sql_server", &["/properties/administratorLoginPassword"]),
    ("gcp_cloud_run_service", &["/spec/template/spec/containers/*/env/*/value", "/template/containers/*/env/*/value"]),
    (
        "gcp_cloudfunctions_function",
        &[
            "/buildConfig/environmentVariables/*",
            "/buildEnvironmentVariables/*",
            "/environmentVariables/*",
            "/serviceConfig/environmentVariables/*",
        ],
    ),
    (
        "gcp_compute_instance",
        &[
            "/metadata/items/*[key=startup-script]/value",
            "/metadata/items/*[key=user-data]/value",
            "/metadata/items/*[key=windows-startup-script-ps1]/value",
            "/disks/*/diskEncryptionKey/rawKey",
        ],
    ),
    (
        "gcp_compute_instance_template",
        &[
            "/properties/metadata/items/*[key=startup-script]/value",
            "/properties/metadata/items/*[key=user-data]/value",
            "/properties/metadata/items/*[key=windows-startup-script-ps1]/value",
        ],
    ),
    ("gcp_compute_vpn_tunnel", &["/sharedSecret", "/sharedSecretHash"]),
    ("gcp_kubernetes_cluster", &["/masterAuth/clientKey", "/masterAuth/password"]),
    ("gcp_sql_database_instance", &["/rootPassword"]),
    ("kubernetes_secret", &["/data/*", "/stringData/*"]),
];

/// The secrets of one resource type.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    pointers: &'static [&'static str],
    /// Of each pointer the longest plain step, without its first letter, which may have either case.
    words: Vec<&'static str>,
}

impl Secrets {
    /// Those of a type.
    pub fn of(resource_type: &str) -> Self {
        let found = SECRETS.binary_search_by(|(of_type, _)| (*of_type).cmp(resource_type));
        let pointers = found.ok().and_then(|at| SECRETS.get(at)).map_or(&[][..], |(_, pointers)| pointers);
        let word = |pointer: &&'static str| {
            let plain = pointer.split('/').filter(|step| !step.starts_with('*'));
            plain.max_by_key(|step| step.len()).and_then(|step| step.get(1..)).unwrap_or_default()
        };
        Self { pointers, words: pointers.iter().map(word).collect() }
    }

    /// Whether [`Secrets::redact`] may have something to do, from the canonical text of the properties: cheap, and never
    /// wrongly no.
    pub fn may_be_in(&self, properties: &str) -> bool {
        self.words.iter().any(|word| properties.contains(word))
    }

    /// Replaces every secret in the properties of a resource by [`REDACTED`]; returns how many values were replaced. Null
    /// and what is redacted already stay, so a second run replaces nothing.
    pub fn redact(&self, properties: &mut Json) -> usize {
        self.pointers.iter().filter_map(|pointer| pointer.strip_prefix('/')).map(|steps| redact_below(properties, steps)).sum()
    }
}

fn redact_below(value: &mut Json, steps: &str) -> usize {
    let (step, rest) = match steps.split_once('/') {
        Some((step, rest)) => (step, Some(rest)),
        None => (steps, None),
    };
    let go_on = |value: &mut Json| match rest {
        Some(rest) => redact_below(value, rest),
        None => replace(value),
    };
    match value {
        Json::Object(members) => members.iter_mut().filter(|(name, value)| takes(step, name, value)).map(|(_, value)| go_on(value)).sum(),
        Json::Array(values) => values.iter_mut().filter(|value| takes(step, "", value)).map(go_on).sum(),
        _ => 0,
    }
}

/// Whether a step of a pointer leads to a member (in an array without a name) with this value.
fn takes(step: &str, name: &str, value: &Json) -> bool {
    let Some(condition) = step.strip_prefix('*') else { return same_but_first_letter(step, name) };
    match condition.strip_prefix('[').and_then(|condition| condition.strip_suffix(']')).and_then(|condition| condition.split_once('=')) {
        None => condition.is_empty() || name.ends_with(condition),
        Some((member, expected)) => {
            let Json::Object(members) = value else { return false };
            members.iter().any(|(name, value)| same_but_first_letter(member, name) && is_text(value, expected))
        }
    }
}

fn is_text(value: &Json, expected: &str) -> bool {
    match value {
        Json::Bool(true) => expected == "true",
        other => other.as_str() == Some(expected),
    }
}

/// Replaces all leaves.
fn replace(value: &mut Json) -> usize {
    match value {
        Json::Null => 0,
        Json::Object(members) => members.iter_mut().map(|(_, value)| replace(value)).sum(),
        Json::Array(values) => values.iter_mut().map(replace).sum(),
        Json::String(text) if text.as_ref() == REDACTED => 0,
        leaf => {
            *leaf = Json::String(REDACTED.into());
            1
        }
    }
}

/// Whether the table can be searched by type, and its pointers in canonical text, for the tests.
#[cfg(test)]
pub(super) fn table_can_be_searched() -> bool {
    SECRETS.is_sorted_by(|(left, _), (right, _)| left < right)
        && SECRETS
            .iter()
            .flat_map(|(_, pointers)| *pointers)
            .all(|pointer| pointer.bytes().all(|byte| byte.is_ascii_graphic() && !br#""\~"#.contains(&byte)))
}
