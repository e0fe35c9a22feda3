-- id: dynamodb-table-default-key
-- title: Tables of DynamoDB encrypted with a key that AWS owns
-- severity: low
-- types: aws_dynamodb_table
-- remediation: Set the table's encryption to a key of the account's own.
-- docs: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
SELECT resource_key, 'encrypted with a key of DynamoDB''s own' AS reason
FROM aws_dynamodb_table
WHERE array_has($own_key_types, 'aws_dynamodb_table')
    AND coalesce(sse_description->>'Status', 'DISABLED') NOT IN ('ENABLED', 'UPDATING', 'ENABLING')
