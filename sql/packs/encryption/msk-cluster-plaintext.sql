-- id: msk-cluster-plaintext
-- title: Kafka clusters that speak without TLS
-- severity: medium
-- types: aws_msk_cluster
-- remediation: Set ClientBroker to TLS, once all clients use TLS.
-- docs: https://docs.aws.amazon.com/msk/latest/developerguide/msk-encryption.html
SELECT resource_key, 'ClientBroker is ' || (provisioned->'EncryptionInfo'->'EncryptionInTransit'->>'ClientBroker') AS reason
FROM aws_msk_cluster
WHERE provisioned->'EncryptionInfo'->'EncryptionInTransit'->>'ClientBroker' IN ('PLAINTEXT', 'TLS_PLAINTEXT')
