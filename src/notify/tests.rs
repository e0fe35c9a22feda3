//! What targets are sent. That it gets there is tested from outside, with a server that fails.

use super::message::Rows;
use super::*;

fn told(number: usize, reason: &str) -> Told {
    Told {
        check_id: "ebs-volume-unattached".into(),
        title: "EBS volumes that no instance uses".into(),
        severity: "low".into(),
        resource_key: format!("aws/111122223333/us-east-1/aws_ebs_volume/vol-{number}"),
        reason: reason.into(),
    }
}

fn message() -> Message {
    Message {
        id: "1".into(),
        job: "compliance".into(),
        due: "2026-11-28T06:00:00Z".into(),
        at: "2026-11-28T06:00:02Z".into(),
        store: "/store".into(),
        ok: true,
        summary: "2 checks: 1 fail, 1 pass".into(),
        new: vec![told(1, "available, <8> GiB & more")],
        resolved: vec![told(2, "available")],
        more_new: 0,
        more_resolved: 0,
        open: Some(3),
        rows: None,
    }
}

#[test]
fn slack_is_sent_a_text_and_blocks_of_its_format() {
    let payload = slack::payload(&message());
    assert_eq!(payload["text"], "compliance: 1 new, 1 resolved");
    assert_eq!(payload["blocks"][0]["type"], "header");
    assert_eq!(payload["blocks"][0]["text"]["type"], "plain_text");
    assert_eq!(payload["blocks"][1]["text"]["text"], "2 checks: 1 fail, 1 pass");
    let findings = payload["blocks"][2]["text"]["text"].as_str().unwrap();
    assert!(findings.starts_with("*NEW* low *EBS volumes that no instance uses*\n`aws/111122223333/us-east-1/aws_ebs_volume/vol-1`: "));
    assert!(findings.contains("available, &lt;8&gt; GiB &amp; more"), "{findings}");
    assert!(findings.contains("*RESOLVED* low"), "{findings}");
}

#[test]
fn slack_is_sent_rows_that_are_others_than_before() {
    let rows = |changed| Some(Rows { count: 3, changed, first: vec![serde_json::json!({ "n": 1 }), serde_json::json!({ "n": "<2>" })] });
    let none = Message { new: Vec::new(), resolved: Vec::new(), ..message() };
    let blocks = |rows| slack::payload(&Message { rows, ..none.clone() })["blocks"].clone();
    assert_eq!(blocks(rows(true))[2]["text"]["text"], "`{\"n\":1}`\n`{\"n\":\"&lt;2&gt;\"}`");
    assert_eq!(blocks(rows(true))[3]["text"]["text"], "... and 1 more");
    assert_eq!(blocks(rows(false)).as_array().unwrap().len(), 2);
}

#[test]
fn slack_is_sent_no_more_than_it_takes_and_told_how_much_is_left_out() {
    let long = "x".repeat(5000);
    let message = Message { job: "j".repeat(60), summary: long.clone(), new: (0..600).map(|n| told(n, &long)).collect(), ..message() };
    let message = message.limited();
    assert_eq!((message.new.len(), message.more_new), (500, 100));
    let payload = slack::payload(&message);
    let blocks = payload["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    for block in blocks {
        let most = if block["type"] == "header" { 150 } else { 3000 };
        assert!(block["text"]["text"].as_str().unwrap().chars().count() <= most);
    }
    let shown = payload.to_string().matches("*NEW*").count() + payload.to_string().matches("*RESOLVED*").count();
    assert_eq!(blocks.last().unwrap()["text"]["text"], format!("... and {} more", 601 - shown));
}

#[test]
fn a_target_gets_what_it_wants() {
    let nothing = Message { new: Vec::new(), resolved: Vec::new(), ..message() };
    let failed = Message { ok: false, ..nothing.clone() };
    let rows = |changed| Message { rows: Some(Rows { count: 1, changed, first: Vec::new() }), ..nothing.clone() };
    for (message, takes) in [
        (message(), [true, false, true]),
        (nothing.clone(), [false, false, true]),
        (failed, [false, true, true]),
        (rows(true), [true, false, true]),
        (rows(false), [false, false, true]),
    ] {
        assert_eq!([Wanted::Changes, Wanted::Failures, Wanted::All].map(|wanted| wanted.takes(&message)), takes, "{message:?}");
    }
}

#[test]
fn what_may_be_secret_in_a_url_is_not_shown() {
    let url = SecretUrl::parse("https://hooks.example.com:8443/services/T0/B0/secret?token=secret").unwrap();
    assert_eq!(
        (url.to_string().as_str(), format!("{url:?}").as_str()),
        ("https://hooks.example.com:8443/...", "SecretUrl(https://hooks.example.com:8443/...)")
    );
    assert!(url.reveal().contains("secret"));
    for text in ["hooks.example.com/secret", "ftp://example.com/secret", "https://", "secret", "https://me:secret@example.com/"] {
        let error = SecretUrl::parse(text).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    let headers = SecretHeaders::parse([("Authorization", "Bearer secret")]).unwrap();
    assert_eq!(format!("{:?} {headers:?}", headers.names()), "[\"authorization\"] SecretHeaders({\"authorization\": Sensitive})");
    for (name, value) in [("two words", "secret"), ("x", "secret\n")] {
        let error = SecretHeaders::parse([(name, value)]).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_file_gets_a_line_for_each_message_also_after_half_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("told.ndjson");
    let sink = file(path.clone());
    sink.send(&message()).await.unwrap();
    std::fs::write(&path, format!("{}{{\"half", std::fs::read_to_string(&path).unwrap())).unwrap();
    sink.send(&message()).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Option<Message>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines, [Some(message()), None, Some(message())]);
    let error = file(folder.path().join("nowhere/told.ndjson")).send(&message()).await.unwrap_err();
    assert!(error.error.to_string().contains("nowhere/told.ndjson"), "{:?}", error.error);
}

#[tokio::test]
async fn a_command_gets_the_message_on_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("told.json");
    let run = |script: &str| command("sh".into(), vec!["-c".into(), script.into(), "sh".into(), path.display().to_string()]);
    run("cat > \"$1\"").send(&message()).await.unwrap();
    assert_eq!(serde_json::from_str::<Message>(&std::fs::read_to_string(&path).unwrap()).unwrap(), message());
    run("exec 0<&-; exit 0").send(&message()).await.unwrap();
    let failed = run("echo no such channel >&2; exit 3").send(&message()).await.unwrap_err();
    assert_eq!(failed.error.to_string(), "run sh: exit status: 3 no such channel");
    let wordy = run("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 3").send(&message()).await.unwrap_err();
    assert_eq!(wordy.error.to_string().len(), "run sh: exit status: 3 ".len() + 200);
    let missing = command("no-such-program".into(), Vec::new()).send(&message()).await.unwrap_err();
    assert!(missing.error.to_string().starts_with("run no-such-program: "), "{:?}", missing.error);
}
