-- id: eks-cluster-public
-- title: Kubernetes APIs that the whole internet can reach
-- severity: medium
-- types: aws_eks_cluster
-- remediation: Turn the public endpoint off, or allow the addresses of those who need it only.
-- docs: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
SELECT resource_key, 'the public endpoint answers ' || source AS reason
FROM aws_eks_cluster
CROSS JOIN jsonb_array_elements_text(resources_vpc_config->'publicAccessCidrs') AS source
WHERE resources_vpc_config->>'endpointPublicAccess' = 'true' AND masklen(source) < 7
