-- id: network-interface-unattached
-- title: Network interfaces that are attached to nothing
-- severity: low
-- types: aws_ec2_network_interface
-- lasting: $unused_for
-- remediation: Delete the interface; its addresses and the security groups on it become free.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
SELECT resource_key, concat('attached to nothing: ', coalesce(nullif(description, ''), private_ip_address)) AS reason, private_ip_address
FROM aws_ec2_network_interface
    -- Interfaces that services make for themselves come and go with what they serve.
WHERE status = 'available' AND interface_type = 'interface'
    AND NOT coalesce(requester_managed, false) AND coalesce(properties->'Operator'->>'Managed', 'false') = 'false'
    AND coalesce(description, '') NOT LIKE 'AWS Lambda VPC ENI%'
