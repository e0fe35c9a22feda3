-- id: subnet-public-addresses
-- title: Subnets that give public addresses to all that is launched in them
-- severity: low
-- types: aws_vpc_subnet
-- remediation: Set MapPublicIpOnLaunch to false, and ask for a public address where one is needed.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html
SELECT resource_key, concat('MapPublicIpOnLaunch is true for ', cidr_block) AS reason
FROM aws_vpc_subnet
-- Default subnets are made so. A subnet that another account shares is that account's matter.
WHERE map_public_ip_on_launch AND NOT coalesce(default_for_az, false) AND coalesce(owner_id, account_id) = account_id
