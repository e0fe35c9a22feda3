-- Reserved instances.
SELECT
    properties->>'ReservedInstancesId' AS reserved_instance_id, -- The id. [ReservedInstancesId]
    properties->>'InstanceType' AS instance_type, -- The type of instance it pays for. [InstanceType]
    properties->>'State' AS instance_state, -- payment-pending, active, payment-failed, retired and so on. [State]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone it is bound to. [AvailabilityZone]
    properties->>'CurrencyCode' AS currency_code, -- The currency of its prices. [CurrencyCode]
    CAST(properties->>'Duration' AS BIGINT) AS duration, -- How long it holds, in seconds. [Duration]
    CAST(properties->>'End' AS TIMESTAMP(6)) AS end_time, -- When it ends. [End]
    CAST(properties->>'FixedPrice' AS DOUBLE) AS fixed_price, -- What was paid at the start. [FixedPrice]
    CAST(properties->>'InstanceCount' AS BIGINT) AS instance_count, -- How many instances it pays for. [InstanceCount]
    properties->>'InstanceTenancy' AS instance_tenancy, -- Who shares the hardware: default or dedicated. [InstanceTenancy]
    properties->>'OfferingClass' AS offering_class, -- standard or convertible. [OfferingClass]
    properties->>'OfferingType' AS offering_type, -- How it is paid, such as No Upfront. [OfferingType]
    properties->>'ProductDescription' AS product_description, -- The platform it pays for. [ProductDescription]
    properties->>'Scope' AS scope, -- What it is bound to: Region or Availability Zone. [Scope]
    CAST(properties->>'Start' AS TIMESTAMP(6)) AS start_time, -- When it began. [Start]
    CAST(properties->>'UsagePrice' AS DOUBLE) AS usage_price, -- What an hour costs. [UsagePrice]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_reserved_instance'
