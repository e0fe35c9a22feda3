//! Other people's files, as one scan.

use super::*;

const VPCS: &str = r#"{"Vpcs":[{"VpcId":"vpc-1","OwnerId":"111122223333","State":"available"},{"VpcId":"vpc-2","OwnerId":"111122223333","State":"available"}]}"#;
const CALLER: &str = r#"{"UserId":"AIDA","Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/x"}"#;

#[tokio::test]
async fn answers_of_the_aws_command_line_are_one_scan() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let options = ImportOptions { format: Format::AwsCli, complete: true, region: Some("us-east-1".into()), ..ImportOptions::default() };
    let sources = || vec![file(folder.path(), "vpcs.json", VPCS.as_bytes()), file(folder.path(), "caller.json", CALLER.as_bytes())];
    let first = ImportOptions { at: Some(time("2026-11-01T00:00:00Z")), ..options.clone() };
    let done = run(&writer, sources(), &first).await;
    assert_eq!((done.report().counts.created, done.report().completed), (2, 1), "{:?}", done.warnings());
    assert_eq!(run(&writer, sources(), &first).await.report().skipped, 1);
    let fewer = VPCS.replace(r#"{"VpcId":"vpc-1","OwnerId":"111122223333","State":"available"},"#, "");
    let sources = vec![file(folder.path(), "vpcs.json", fewer.as_bytes()), file(folder.path(), "caller.json", CALLER.as_bytes())];
    let done = run(&writer, sources, &options).await;
    assert_eq!((done.report().counts.unchanged, done.report().counts.deleted), (1, 1));
    let done = run(&writer, vec![file(folder.path(), "bad.json", b"{\n\"Vpcs\":[}")], &options).await;
    assert!(done.error().contains("bad.json:2: not JSON"), "{}", done.error());
}

#[tokio::test]
async fn aws_config_items_are_merged_by_their_times() {
    let item = |id: &str, at: &str, status: &str| {
        format!(
            r#"{{"configurationItems":[{{"configurationItemCaptureTime":"{at}","configurationItemStatus":"{status}","awsAccountId":"111122223333","awsRegion":"us-east-1","resourceType":"AWS::EC2::VPC","resourceId":"{id}","configuration":{{"vpcId":"{id}"}}}}]}}"#
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_at(folder.path(), NOW).await;
    let options = ImportOptions { format: Format::AwsConfig, ..ImportOptions::default() };
    let sources = vec![
        stream(&item("vpc-1", "2026-11-03T00:00:00.000Z", "ResourceDeleted")),
        stream(&item("vpc-2", "2026-11-02T00:00:00.000Z", "ResourceDiscovered")),
        stream(&item("vpc-1", "2026-11-01T00:00:00.000Z", "ResourceDiscovered")),
    ];
    let done = run(&writer, sources, &options).await;
    assert_eq!(done.report().completed, 1, "{:?}", done.warnings());
    let facts = facts(&writer).await;
    assert_eq!(facts.changes, ["created", "created", "deleted"]);
    assert!(facts.tables.contains("2026-11-02T00:00:00Z"));
}
