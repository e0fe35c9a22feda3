-- Target groups of load balancers.
SELECT
    properties->>'TargetGroupName' AS target_group_name, -- The name. [TargetGroupName]
    properties->>'TargetGroupArn' AS target_group_arn, -- The ARN. [TargetGroupArn]
    properties->>'TargetType' AS target_type, -- What its targets are: instance, ip, lambda or alb. [TargetType]
    properties->'LoadBalancerArns' AS load_balancer_arns, -- The load balancers that send to it. [LoadBalancerArns]
    CAST(properties->>'Port' AS BIGINT) AS port, -- The port that targets are sent to at, unless they have one of their own. [Port]
    properties->>'VpcId' AS vpc_id, -- The VPC of its targets. [VpcId]
    properties->>'Protocol' AS protocol, -- The protocol that targets are spoken to in. [Protocol]
    properties->>'ProtocolVersion' AS protocol_version, -- Its version: HTTP1, HTTP2 or GRPC. [ProtocolVersion]
    properties->>'IpAddressType' AS ip_address_type, -- Which addresses its targets have: ipv4 or ipv6. [IpAddressType]
    properties->'Matcher'->>'HttpCode' AS matcher_http_code, -- The HTTP status codes of a healthy target, such as 200-299. [Matcher.HttpCode]
    properties->'Matcher'->>'GrpcCode' AS matcher_grpc_code, -- The gRPC status codes of a healthy target. [Matcher.GrpcCode]
    CAST(properties->>'HealthyThresholdCount' AS BIGINT) AS healthy_threshold_count, -- After how many good checks a target counts as healthy. [HealthyThresholdCount]
    CAST(properties->>'UnhealthyThresholdCount' AS BIGINT) AS unhealthy_threshold_count, -- After how many bad checks a target counts as unhealthy. [UnhealthyThresholdCount]
    CAST(properties->>'HealthCheckEnabled' AS BOOLEAN) AS health_check_enabled, -- Whether targets are checked. [HealthCheckEnabled]
    CAST(properties->>'HealthCheckIntervalSeconds' AS BIGINT) AS health_check_interval_seconds, -- How long it is between two checks, in seconds. [HealthCheckIntervalSeconds]
    properties->>'HealthCheckPath' AS health_check_path, -- The path that checks ask for. [HealthCheckPath]
    properties->>'HealthCheckPort' AS health_check_port, -- The port that checks go to; traffic-port is that of the traffic. [HealthCheckPort]
    properties->>'HealthCheckProtocol' AS health_check_protocol, -- The protocol of checks. [HealthCheckProtocol]
    CAST(properties->>'HealthCheckTimeoutSeconds' AS BIGINT) AS health_check_timeout_seconds, -- After how many seconds without an answer a check has failed. [HealthCheckTimeoutSeconds]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_target_group'
