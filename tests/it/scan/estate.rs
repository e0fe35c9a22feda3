//! A moto server with an estate in it, and the `elava` command that scans it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

/// The server, driven as operators drive a cloud: through its API.
pub struct Estate {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    endpoint: String,
}

impl Estate {
    pub fn start() -> Self {
        let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with moto; tests/run.sh makes one");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/estate.py");
        let mut command = Command::new(python);
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let ask = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut estate = Self { process, ask, answers, endpoint: String::new() };
        estate.endpoint = estate.answer()["endpoint"].as_str().unwrap().to_owned();
        estate
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        assert!(answer.get("error").is_none(), "{answer}");
        answer
    }

    pub fn tell(&mut self, command: &Value) -> Value {
        writeln!(self.ask, "{command}").unwrap();
        self.answer()
    }

    pub fn build(&mut self, account: &str, region: &str, size: usize) {
        self.tell(&json!({ "do": "build", "account": account, "region": region, "size": size }));
    }

    pub fn change(&mut self, account: &str, region: &str, step: usize) {
        self.tell(&json!({ "do": "change", "account": account, "region": region, "step": step }));
    }

    pub fn page(&mut self, size: usize) {
        self.tell(&json!({ "do": "page", "size": size }));
    }

    pub fn faults(&mut self, rules: &Value) {
        self.tell(&json!({ "do": "faults", "rules": rules }));
    }

    /// What boto3 says: type, region, id, properties.
    pub fn expect(&mut self, account: &str, regions: &[&str]) -> Value {
        self.tell(&json!({ "do": "expect", "account": account, "regions": regions }))["resources"].take()
    }

    /// Makes an account the head of an organization; the ids of its new accounts, by name.
    pub fn organization(&mut self, account: &str, names: &[&str], closed: &[&str]) -> Value {
        self.tell(&json!({ "do": "organization", "account": account, "names": names, "closed": closed }))["accounts"].take()
    }

    /// Runs `elava` as a user of an account.
    pub fn elava(&mut self, account: &str, store: &Path, arguments: &[&str]) -> Output {
        self.command(account, store, arguments).output().unwrap()
    }

    /// `elava` as a user of an account.
    pub fn command(&mut self, account: &str, store: &Path, arguments: &[&str]) -> Command {
        let keys = self.tell(&json!({ "do": "credentials", "account": account }));
        let mut command = Command::new(env!("CARGO_BIN_EXE_elava"));
        for name in ["access_key_id", "secret_access_key", "session_token"] {
            // The server's own account has no session.
            if let Some(value) = keys[name].as_str() {
                command.env(format!("AWS_{}", name.to_uppercase()), value);
            }
        }
        let home = store.parent().unwrap();
        command.env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_PROFILE").env_remove("AWS_REGION");
        command.current_dir(home).arg("--store").arg(store).args(arguments);
        command
    }

    /// Scans some regions; returns the exit status and what was said.
    pub fn scan(&mut self, account: &str, store: &Path, regions: &[&str]) -> (i32, String) {
        self.scan_with(account, store, regions, &[])
    }

    /// Scans some regions as flags say.
    pub fn scan_with(&mut self, account: &str, store: &Path, regions: &[&str], flags: &[&str]) -> (i32, String) {
        let endpoint = self.endpoint.clone();
        let mut arguments = vec!["scan", "--endpoint-url", &endpoint];
        regions.iter().for_each(|region| arguments.extend(["--region", region]));
        arguments.extend(flags);
        let output = self.elava(account, store, &arguments);
        (output.status.code().unwrap_or_else(|| panic!("{output:?}")), String::from_utf8(output.stderr).unwrap())
    }

    /// Scans some types only.
    pub fn scan_types(&mut self, account: &str, store: &Path, regions: &[&str], types: &[&str]) -> (i32, String) {
        let flags: Vec<&str> = types.iter().flat_map(|name| ["--type", name]).collect();
        self.scan_with(account, store, regions, &flags)
    }

    /// The rows of a query.
    pub fn sql(&mut self, store: &Path, sql: &str) -> Vec<Value> {
        let output = self.elava("123456789012", store, &["sql", sql, "--format", "ndjson", "--nested"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Estate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder for a store.
pub fn store_in(scratch: &tempfile::TempDir) -> PathBuf {
    scratch.path().join("store")
}
