-- Reserved RDS instances.
SELECT
    properties->>'ReservedDBInstanceId' AS reserved_db_instance_id, -- The id. [ReservedDBInstanceId]
    properties->>'ReservedDBInstancesOfferingId' AS reserved_db_instances_offering_id, -- The offering it was bought from. [ReservedDBInstancesOfferingId]
    properties->>'DBInstanceClass' AS class, -- The hardware it is for. [DBInstanceClass]
    properties->>'CurrencyCode' AS currency_code, -- The currency of its prices. [CurrencyCode]
    CAST(properties->>'DBInstanceCount' AS BIGINT) AS db_instance_count, -- How many instances it is for. [DBInstanceCount]
    CAST(properties->>'Duration' AS BIGINT) AS duration, -- How long it holds, in seconds. [Duration]
    CAST(properties->>'FixedPrice' AS DOUBLE) AS fixed_price, -- What was paid at once. [FixedPrice]
    properties->>'LeaseId' AS lease_id, -- The id that support asks for. [LeaseId]
    CAST(properties->>'MultiAZ' AS BOOLEAN) AS multi_az, -- Whether it is for instances with a standby. [MultiAZ]
    properties->>'OfferingType' AS offering_type, -- How it is paid, such as No Upfront. [OfferingType]
    properties->>'ProductDescription' AS product_description, -- The database engine it is for. [ProductDescription]
    CAST(properties->>'StartTime' AS TIMESTAMP(6)) AS start_time, -- When it began. [StartTime]
    CAST(properties->>'UsagePrice' AS DOUBLE) AS usage_price, -- What an hour costs besides. [UsagePrice]
    properties->'RecurringCharges' AS recurring_charges, -- What is charged again and again. [RecurringCharges]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_reserved_db_instance'
