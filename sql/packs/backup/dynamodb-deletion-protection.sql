-- id: dynamodb-deletion-protection
-- title: Tables that one call deletes
-- severity: medium
-- types: aws_dynamodb_table
-- remediation: Set DeletionProtectionEnabled.
-- docs: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
SELECT resource_key, 'DeletionProtectionEnabled is off' AS reason
FROM aws_dynamodb_table
WHERE NOT deletion_protection_enabled
