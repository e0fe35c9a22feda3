//! From the casing of AWS Config to that of the service's own answers.
//!
//! Config writes the members of many services with a small first letter (`instanceId`, `dBInstanceClass`), whatever the
//! service does, and some (ECS, EKS, ECR) with a capital one where the service has small ones. The first letter
//! is set to what the service's published model uses. Left alone are the keys of maps that hold users'
//! own names, policy documents, and whatever does not look like a member's name.

use crate::model::Json;

/// How a service writes its members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Casing {
    first: First,
    /// Names that begin with an acronym, of which Config leaves any number of letters small.
    acronyms: &'static [&'static str],
    /// Members whose keys stay.
    maps: &'static [&'static str],
}

/// The first letter of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// `InstanceId`
    Capital,
    /// `clusterArn`
    Small,
    /// Not known: as it is.
    Kept,
}

/// Services, as in native types, whose members have a capital first letter.
const CAPITAL: &[&str] = &[
    "ACM",
    "ApiGatewayV2",
    "AutoScaling",
    "Backup",
    "CloudFormation",
    "CloudFront",
    "CloudTrail",
    "CloudWatch",
    "DMS",
    "DynamoDB",
    "EC2",
    "EFS",
    "EMR",
    "ElastiCache",
    "ElasticBeanstalk",
    "ElasticLoadBalancing",
    "ElasticLoadBalancingV2",
    "Elasticsearch",
    "Events",
    "Glue",
    "GuardDuty",
    "IAM",
    "KMS",
    "Kinesis",
    "KinesisFirehose",
    "Lambda",
    "MSK",
    "NetworkFirewall",
    "OpenSearch",
    "RDS",
    "Redshift",
    "Route53",
    "Route53Resolver",
    "S3",
    "SNS",
    "SQS",
    "SSM",
    "SageMaker",
    "SecretsManager",
    "Shield",
    "ShieldRegional",
    "WAFv2",
];

/// Services whose members have a small first letter, and of which Config records some with capitals.
const SMALL: &[&str] = &[
    "AccessAnalyzer",
    "Amplify",
    "AppSync",
    "Batch",
    "CodeArtifact",
    "CodeDeploy",
    "ECR",
    "ECS",
    "EKS",
    "GreengrassV2",
    "ImageBuilder",
    "IoT",
    "IVS",
    "Lightsail",
    "Logs",
    "StepFunctions",
];

/// Members of the services with capital letters that begin with an acronym (`DBClusterArn`; Config has `dBClusterArn` or
/// `dbclusterArn`), from the published service models.
const ACRONYMS: &[(&str, &[&str])] = &[
    ("AutoScaling", &["VPCZoneIdentifier"]),
    (
        "CloudFront",
        &["ACMCertificateArn", "ARN", "CNAME", "HTTPPort", "HTTPSPort", "IAMCertificateId", "ICPRecordalStatus", "SSLSupportMethod"],
    ),
    ("CloudWatch", &["OKActions"]),
    ("DynamoDB", &["KMSMasterKeyArn", "KMSMasterKeyId", "SSEDescription", "SSEType"]),
    ("ElastiCache", &["ARN"]),
    ("ElasticBeanstalk", &["CNAME"]),
    ("ElasticLoadBalancing", &["DNSName", "LBCookieStickinessPolicies", "SSLCertificateId", "VPCId"]),
    ("ElasticLoadBalancingV2", &["DNSName", "IPv6Address"]),
    ("Elasticsearch", &["ARN", "EBSEnabled", "EBSOptions", "SAMLOptions", "TLSSecurityPolicy", "VPCId", "VPCOptions"]),
    ("KMS", &["AWSAccountId"]),
    (
        "KinesisFirehose",
        &[
            "AWSKMSKeyARN",
            "HECAcknowledgmentTimeoutInSeconds",
            "HECEndpoint",
            "HECEndpointType",
            "HECToken",
            "KMSEncryptionConfig",
            "MSKClusterARN",
            "MSKSourceDescription",
            "SSLMode",
        ],
    ),
    (
        "OpenSearch",
        &[
            "AIMLOptions",
            "ARN",
            "EBSEnabled",
            "EBSOptions",
            "IAMFederationOptions",
            "IPAddressType",
            "JWTOptions",
            "SAMLOptions",
            "TLSSecurityPolicy",
            "VPCId",
            "VPCOptions",
        ],
    ),
    (
        "RDS",
        &[
            "CACertificateIdentifier",
            "CAIdentifier",
            "CIDRIP",
            "DBCapacityReservationIdentifier",
            "DBClusterArn",
            "DBClusterIdentifier",
            "DBClusterInstanceClass",
            "DBClusterMembers",
            "DBClusterOptionGroupMemberships",
            "DBClusterOptionGroupName",
            "DBClusterParameterGroup",
            "DBClusterParameterGroupArn",
            "DBClusterParameterGroupName",
            "DBClusterParameterGroupStatus",
            "DBClusterSnapshotArn",
            "DBClusterSnapshotAttributes",
            "DBClusterSnapshotIdentifier",
            "DBInstanceArn",
            "DBInstanceAutomatedBackupsArn",
            "DBInstanceAutomatedBackupsReplications",
            "DBInstanceClass",
            "DBInstanceCount",
            "DBInstanceIdentifier",
            "DBInstanceStatus",
            "DBName",
            "DBParameterGroupArn",
            "DBParameterGroupFamily",
            "DBParameterGroupName",
            "DBParameterGroups",
            "DBProxyArn",
            "DBProxyName",
            "DBSecurityGroupArn",
            "DBSecurityGroupDescription",
            "DBSecurityGroupMemberships",
            "DBSecurityGroupName",
            "DBSecurityGroups",
            "DBSnapshotArn",
            "DBSnapshotAttributes",
            "DBSnapshotIdentifier",
            "DBSubnetGroup",
            "DBSubnetGroupArn",
            "DBSubnetGroupDescription",
            "DBSubnetGroupName",
            "DBSystemId",
            "EC2SecurityGroupId",
            "EC2SecurityGroupName",
            "EC2SecurityGroupOwnerId",
            "EC2SecurityGroups",
            "FQDN",
            "IAMAuth",
            "IAMDatabaseAuthenticationEnabled",
            "IAMRoleName",
            "IOOptimizedNextAllowedModificationTime",
            "IPRanges",
            "OU",
            "VPCNetworkingEnabled",
        ],
    ),
    ("Redshift", &["CIDRIP", "DBName", "EC2SecurityGroupName", "EC2SecurityGroupOwnerId", "EC2SecurityGroups", "IPRanges"]),
    ("Route53", &["IPAddress"]),
    ("S3", &["KMSMasterKeyID", "MFADelete", "SSEAlgorithm"]),
    ("SecretsManager", &["ARN"]),
];

/// Members of the services, with a capital first letter, that are maps where they are objects: their keys are data. `Tags` is
/// one everywhere.
const MAPS: &[(&str, &[&str])] = &[
    ("Amplify", &["EnvironmentVariables"]),
    (
        "ApiGatewayV2",
        &[
            "RequestModels",
            "RequestParameters",
            "RequestTemplates",
            "ResponseModels",
            "ResponseParameters",
            "ResponseTemplates",
            "RouteSettings",
            "StageVariables",
        ],
    ),
    ("AppSync", &["EnvironmentVariables"]),
    ("Batch", &["Annotations", "Labels", "Limits", "Options", "Parameters", "Requests"]),
    ("DMS", &["ExternalTableDefinition"]),
    ("DynamoDB", &["Item", "Key"]),
    ("ECS", &["DockerLabels", "DriverOpts", "Labels", "Options"]),
    ("EKS", &["Labels", "RequiredClaims"]),
    ("EMR", &["Properties"]),
    ("Elasticsearch", &["AdvancedOptions", "Endpoints", "LogPublishingOptions"]),
    ("Events", &["HeaderParameters", "InputPathsMap", "QueryStringParameters"]),
    (
        "Glue",
        &["AdditionalOptions", "ConnectionProperties", "DefaultArguments", "DefaultRunProperties", "NonOverridableArguments", "Parameters"],
    ),
    ("GreengrassV2", &["Attributes"]),
    ("ImageBuilder", &["AmiTags"]),
    ("IoT", &["Attributes"]),
    ("Lambda", &["AdditionalVersionWeights", "Variables"]),
    ("NetworkFirewall", &["IPSetReferences", "IPSets", "LogDestination", "PortSets", "RuleVariables", "SyncStates"]),
    ("OpenSearch", &["AdvancedOptions", "Endpoints", "LogPublishingOptions"]),
    ("S3", &["Configurations", "Metadata"]),
    ("SQS", &["Attributes"]),
    ("SSM", &["Content", "Parameters"]),
    ("SageMaker", &["Environment", "HyperParameters"]),
    ("WAFv2", &["CustomResponseBodies"]),
];

/// Members, with a capital first letter, that hold, where they are no lists, documents of another language
/// or maps of maps.
const DOCUMENTS: &[&str] = &[
    "AccessPolicies",
    "AssumeRolePolicyDocument",
    "Body",
    "Definition",
    "DefinitionString",
    "Document",
    "EventPattern",
    "LifecyclePolicy",
    "LifecyclePolicyText",
    "OptionSettings",
    "Policy",
    "PolicyDocument",
    "PolicyText",
    "RepositoryPolicyText",
    "ResourcePolicy",
    "StackPolicyBody",
    "TemplateBody",
];

impl Casing {
    /// The casing of the service of a native type.
    pub(super) fn of(native_type: &str) -> Self {
        let service = native_type.split("::").nth(1).unwrap_or_default();
        let first = match service {
            _ if CAPITAL.contains(&service) => First::Capital,
            _ if SMALL.contains(&service) => First::Small,
            _ => First::Kept,
        };
        Self { first, acronyms: of_service(ACRONYMS, service), maps: of_service(MAPS, service) }
    }

    /// The value with its members' names as the service writes them.
    pub(super) fn apply(self, value: Json) -> Json {
        match (self.first, value) {
            (First::Kept, value) => value,
            (_, Json::Array(values)) => Json::Array(values.into_iter().map(|value| self.apply(value)).collect()),
            (_, Json::Object(members)) => self.apply_object(members),
            (_, value) => value,
        }
    }

    fn apply_object(self, members: Vec<(Box<str>, Json)>) -> Json {
        let names: Vec<Box<str>> = members.iter().map(|(name, _)| self.name(name)).collect();
        let mut sorted: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        sorted.sort_unstable();
        let collide = sorted.windows(2).any(|pair| matches!(pair, [left, right] if left == right));
        Json::object(members.into_iter().zip(names).map(|((before, value), after)| {
            let value = self.apply_member(&after, value);
            (if collide { before } else { after }, value)
        }))
    }

    fn apply_member(self, name: &str, value: Json) -> Json {
        let listed = |list: &[&str]| list.iter().any(|known| same_but_first_letter(known, name));
        match value {
            value @ (Json::Object(_) | Json::String(_)) if listed(DOCUMENTS) => decoded(value),
            Json::Object(members) if listed(self.maps) || listed(&["Tags"]) => {
                Json::Object(members.into_iter().map(|(key, value)| (key, self.apply(value))).collect())
            }
            value => self.apply(value),
        }
    }

    fn name(self, name: &str) -> Box<str> {
        let is_member = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (first, rest) = match name.split_at_checked(1) {
            Some(parts) if is_member => parts,
            _ => return name.into(),
        };
        if let Some(known) = self.acronyms.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            return (*known).into();
        }
        match self.first {
            First::Capital => (first.to_ascii_uppercase() + rest).into_boxed_str(),
            First::Small => (first.to_ascii_lowercase() + rest).into_boxed_str(),
            First::Kept => name.into(),
        }
    }
}

fn of_service(table: &'static [(&'static str, &'static [&'static str])], service: &str) -> &'static [&'static str] {
    table.iter().find(|(of_service, _)| *of_service == service).map_or(&[], |(_, names)| names)
}

/// Whether two names differ in nothing but the case of their first letter.
pub(super) fn same_but_first_letter(left: &str, right: &str) -> bool {
    match (left.split_at_checked(1), right.split_at_checked(1)) {
        (Some((first, rest)), Some((other_first, other_rest))) => rest == other_rest && first.eq_ignore_ascii_case(other_first),
        _ => left == right,
    }
}

/// A policy document that Config keeps percent-encoded, as the object that the command line prints.
fn decoded(value: Json) -> Json {
    let parsed = value
        .as_str()
        .filter(|text| text.starts_with("%7B"))
        .and_then(percent_decoded)
        .and_then(|text| crate::model::parse_json(&text).ok());
    parsed.unwrap_or(value)
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}
