-- VPC endpoints.
SELECT
    properties->>'VpcEndpointId' AS vpc_endpoint_id, -- The id. [VpcEndpointId]
    properties->>'ServiceName' AS service_name, -- The service it leads to. [ServiceName]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    properties->>'VpcEndpointType' AS vpc_endpoint_type, -- Interface, Gateway, GatewayLoadBalancer and so on. [VpcEndpointType]
    CAST(properties->>'PrivateDnsEnabled' AS BOOLEAN) AS private_dns_enabled, -- Whether the service's public name leads to it inside the VPC. [PrivateDnsEnabled]
    CAST(properties->>'RequesterManaged' AS BOOLEAN) AS requester_managed, -- Whether a service manages it. [RequesterManaged]
    properties->>'PolicyDocument' AS policy, -- The policy document. [PolicyDocument]
    properties->'SubnetIds' AS subnet_ids, -- The subnets it has interfaces in. [SubnetIds]
    properties->'RouteTableIds' AS route_table_ids, -- The route tables that lead to it. [RouteTableIds]
    properties->'Groups' AS groups, -- The security groups of its interfaces. [Groups]
    properties->'NetworkInterfaceIds' AS network_interface_ids, -- Its network interfaces. [NetworkInterfaceIds]
    properties->'DnsEntries' AS dns_entries, -- Its host names. [DnsEntries]
    CAST(properties->>'CreationTimestamp' AS TIMESTAMP(6)) AS creation_timestamp, -- When it was made. [CreationTimestamp]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_endpoint'
