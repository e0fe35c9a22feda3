-- id: redshift-cluster-public
-- title: Redshift clusters with a public address
-- severity: high
-- types: aws_redshift_cluster
-- remediation: Set PubliclyAccessible to false, and reach the cluster from inside the VPC.
-- docs: https://docs.aws.amazon.com/redshift/latest/mgmt/managing-clusters-vpc.html
SELECT resource_key, concat('PubliclyAccessible is true', ', port ' || (endpoint->>'Port')) AS reason
FROM aws_redshift_cluster
WHERE publicly_accessible
