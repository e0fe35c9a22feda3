-- id: default-vpc-in-use
-- title: Default VPCs that something lies in
-- severity: medium
-- types: aws_vpc, aws_ec2_network_interface
-- remediation: Move what lies in it to a VPC made for the purpose: all subnets of the default one are public.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
SELECT resource_key, concat('network interfaces lie in the default VPC of ', region) AS reason
FROM aws_vpc AS mine
WHERE is_default AND EXISTS (SELECT 1 FROM aws_ec2_network_interface AS i WHERE i.vpc_id = mine.vpc_id)
