-- RDS proxies.
SELECT
    properties->>'DBProxyName' AS db_proxy_name, -- The name. [DBProxyName]
    properties->>'DBProxyArn' AS db_proxy_arn, -- The ARN. [DBProxyArn]
    CAST(properties->>'CreatedDate' AS TIMESTAMP(6)) AS created_date, -- When it was made. [CreatedDate]
    properties->>'Status' AS status, -- What it does, such as available. [Status]
    CAST(properties->>'DebugLogging' AS BOOLEAN) AS debug_logging, -- Whether statements are written to the log. [DebugLogging]
    properties->>'Endpoint' AS endpoint, -- The host name it answers at. [Endpoint]
    properties->>'EngineFamily' AS engine_family, -- The protocol it speaks: MYSQL, POSTGRESQL or SQLSERVER. [EngineFamily]
    CAST(properties->>'IdleClientTimeout' AS BIGINT) AS idle_client_timeout, -- After how many seconds an idle client is cut off. [IdleClientTimeout]
    CAST(properties->>'RequireTLS' AS BOOLEAN) AS require_tls, -- Whether clients must use TLS. [RequireTLS]
    properties->>'RoleArn' AS role_arn, -- The role it reads secrets with. [RoleArn]
    CAST(properties->>'UpdatedDate' AS TIMESTAMP(6)) AS updated_date, -- When it was last changed. [UpdatedDate]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    properties->'Auth' AS auth, -- How it logs in to the database. [Auth]
    properties->'VpcSecurityGroupIds' AS vpc_security_group_ids, -- Its security groups. [VpcSecurityGroupIds]
    properties->'VpcSubnetIds' AS vpc_subnet_ids, -- The subnets it has interfaces in. [VpcSubnetIds]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_proxy'
