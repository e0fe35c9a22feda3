-- Classic load balancers.
SELECT
    coalesce(properties->>'LoadBalancerName', name) AS name, -- The name that the service knows it by, whatever its tags say. [LoadBalancerName]
    properties->>'Scheme' AS scheme, -- Whether its addresses are public: internet-facing or internal. [Scheme]
    CAST(properties->>'CreatedTime' AS TIMESTAMP(6)) AS created_time, -- When it was made. [CreatedTime]
    properties->>'VPCId' AS vpc_id, -- The VPC it lies in. [VPCId]
    properties->>'CanonicalHostedZoneName' AS canonical_hosted_zone_name, -- The host name that aliases point to. [CanonicalHostedZoneName]
    properties->>'CanonicalHostedZoneNameID' AS canonical_hosted_zone_name_id, -- The hosted zone of that name. [CanonicalHostedZoneNameID]
    properties->>'DNSName' AS dns_name, -- The host name it answers at. [DNSName]
    CAST(properties->'HealthCheck'->>'Interval' AS BIGINT) AS health_check_interval, -- How long it is between two checks, in seconds. [HealthCheck.Interval]
    CAST(properties->'HealthCheck'->>'Timeout' AS BIGINT) AS health_check_timeout, -- After how many seconds without an answer a check has failed. [HealthCheck.Timeout]
    CAST(properties->'HealthCheck'->>'HealthyThreshold' AS BIGINT) AS healthy_threshold, -- After how many good checks an instance counts as healthy. [HealthCheck.HealthyThreshold]
    CAST(properties->'HealthCheck'->>'UnhealthyThreshold' AS BIGINT) AS unhealthy_threshold, -- After how many bad checks an instance counts as unhealthy. [HealthCheck.UnhealthyThreshold]
    properties->'HealthCheck'->>'Target' AS health_check_target, -- The protocol, port and path of checks. [HealthCheck.Target]
    properties->'SourceSecurityGroup'->>'GroupName' AS source_security_group_name, -- The security group that instances let it in by. [SourceSecurityGroup.GroupName]
    properties->'SourceSecurityGroup'->>'OwnerAlias' AS source_security_group_owner_alias, -- The account of that group. [SourceSecurityGroup.OwnerAlias]
    properties->'Policies'->'AppCookieStickinessPolicies' AS app_cookie_stickiness_policies, -- Policies that follow a cookie of the application. [Policies.AppCookieStickinessPolicies]
    properties->'Policies'->'LBCookieStickinessPolicies' AS lb_cookie_stickiness_policies, -- Policies that set a cookie of their own. [Policies.LBCookieStickinessPolicies]
    properties->'Policies'->'OtherPolicies' AS other_policies, -- All other policies. [Policies.OtherPolicies]
    properties->'AvailabilityZones' AS availability_zones, -- Its availability zones. [AvailabilityZones]
    properties->'BackendServerDescriptions' AS backend_server_descriptions, -- Ports of instances, and the policies for them. [BackendServerDescriptions]
    properties->'Instances' AS instances, -- Its instances. [Instances]
    properties->'ListenerDescriptions' AS listener_descriptions, -- What it listens at, and where it sends to. [ListenerDescriptions]
    properties->'SecurityGroups' AS security_groups, -- Its security groups. [SecurityGroups]
    properties->'Subnets' AS subnets, -- Its subnets. [Subnets]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_classic_load_balancer'
