-- id: eip-unassociated
-- title: Elastic IP addresses that point to nothing
-- severity: medium
-- types: aws_vpc_eip
-- lasting: $unused_for
-- remediation: Release the address, unless others have it in their allow lists.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eips.html
SELECT resource_key, concat(public_ip, ' is associated with nothing') AS reason, public_ip
FROM aws_vpc_eip
    -- Addresses that a service holds for its own use (ServiceManaged) are released by that service.
WHERE coalesce(association_id, network_interface_id, nullif(instance_id, '')) IS NULL AND properties->>'ServiceManaged' IS NULL
