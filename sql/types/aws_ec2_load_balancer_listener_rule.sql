-- Rules of listeners of load balancers.
SELECT
    properties->>'Priority' AS priority, -- Its place among the rules; default is the last. [Priority]
    regexp_replace(arn, ':listener-rule/(.*)/[^/]*$', ':listener/\1') AS listener_arn, -- The listener it belongs to, as its ARN tells. [RuleArn]
    CAST(properties->>'IsDefault' AS BOOLEAN) AS is_default, -- Whether it is the one that applies where no other does. [IsDefault]
    properties->'Actions' AS actions, -- What is done with the requests. [Actions]
    properties->'Conditions' AS conditions, -- Which requests it applies to. [Conditions]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_load_balancer_listener_rule'
