-- EKS clusters.
SELECT
    coalesce(properties->>'name', name) AS name, -- The name that the service knows it by, whatever its tags say. [name]
    properties->>'id' AS id, -- The id, of a cluster on an Outpost. [id]
    properties->>'clientRequestToken' AS client_request_token, -- The token that made the request idempotent. [clientRequestToken]
    properties->>'version' AS version, -- The version of Kubernetes. [version]
    properties->>'endpoint' AS endpoint, -- Where its API answers. [endpoint]
    properties->>'roleArn' AS role_arn, -- The role by which Kubernetes calls AWS. [roleArn]
    properties->'encryptionConfig' AS encryption_config, -- What is encrypted with a key of the customer's. [encryptionConfig]
    properties->'resourcesVpcConfig' AS resources_vpc_config, -- Its VPC, subnets and security groups, and who can reach its API. [resourcesVpcConfig]
    properties->'kubernetesNetworkConfig' AS kubernetes_network_config, -- The addresses of its services. [kubernetesNetworkConfig]
    properties->'connectorConfig' AS connector_config, -- How a cluster from elsewhere is connected. [connectorConfig]
    properties->'accessConfig' AS access_config, -- How people and roles are let in. [accessConfig]
    properties->'outpostConfig' AS outpost_config, -- The Outpost that its control plane is on. [outpostConfig]
    properties->'logging' AS logging, -- Which logs of the control plane are kept. [logging]
    properties->'identity' AS identity, -- The issuer of its OpenID Connect tokens. [identity]
    properties->>'status' AS status, -- What it does, such as ACTIVE. [status]
    properties->'certificateAuthority' AS certificate_authority, -- The certificate that its API is known by. [certificateAuthority]
    properties->>'platformVersion' AS platform_version, -- The version of the platform below Kubernetes. [platformVersion]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_eks_cluster'
