-- id: vpc-empty
-- title: VPCs in which nothing has an address
-- severity: low
-- types: aws_vpc, aws_ec2_network_interface
-- lasting: $unused_for
-- remediation: Delete the VPC with its subnets, route tables and gateways, unless other accounts use its subnets.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
SELECT resource_key, concat('no network interface lies in ', cidr_block) AS reason, cidr_block
FROM aws_vpc AS mine
    -- The default VPC is there without being asked for. One that another account shares is that account's matter.
    -- Where no interface of the account is known, none may have been listed.
WHERE NOT is_default AND coalesce(owner_id, account_id) = account_id
    AND EXISTS (SELECT 1 FROM aws_ec2_network_interface AS i WHERE i.account_id = mine.account_id)
    AND NOT EXISTS (SELECT 1 FROM aws_ec2_network_interface AS i WHERE i.vpc_id = mine.vpc_id)
