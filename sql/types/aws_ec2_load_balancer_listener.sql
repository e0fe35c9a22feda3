-- Listeners of application, network and gateway load balancers.
SELECT
    properties->>'LoadBalancerArn' AS load_balancer_arn, -- The load balancer it listens for. [LoadBalancerArn]
    CAST(properties->>'Port' AS BIGINT) AS port, -- The port it listens at. [Port]
    properties->>'Protocol' AS protocol, -- The protocol it speaks, such as HTTPS or TCP. [Protocol]
    properties->>'SslPolicy' AS ssl_policy, -- The policy that says which ciphers and versions of TLS it takes. [SslPolicy]
    properties->'AlpnPolicy' AS alpn_policy, -- The policy by which clients and it agree on a protocol over TLS. [AlpnPolicy]
    properties->'Certificates' AS certificates, -- Its default certificate. [Certificates]
    properties->'DefaultActions' AS default_actions, -- What it does with requests that no rule applies to. [DefaultActions]
    properties->'MutualAuthentication' AS mutual_authentication, -- Whether clients show certificates, and which are trusted. [MutualAuthentication]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_load_balancer_listener'
