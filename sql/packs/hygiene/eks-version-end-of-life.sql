-- id: eks-version-end-of-life
-- title: Clusters of a Kubernetes version out of standard support
-- severity: high
-- types: aws_eks_cluster
-- remediation: Upgrade the cluster, one minor version after the other.
-- docs: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
SELECT resource_key, concat('Kubernetes ', version, ' is out of standard support') AS reason, version
FROM aws_eks_cluster
WHERE CAST(split_part(version, '.', 2) AS BIGINT) < $kubernetes_minor
