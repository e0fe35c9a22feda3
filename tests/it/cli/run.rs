//! Runs the command in a folder of its own and makes what it says the same each time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Two scans: the second alters one instance and no longer sees the other.
pub const HISTORY: &str = r#"{"scan":"started","scan_id":"monday","provider":"aws","at":"2026-11-02T00:00:00Z"}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","resource_id":"i-1","arn":"arn:aws:ec2:us-east-1:111122223333:instance/i-1","name":"web","state":"running","tags":{"env":"prod"},"properties":{"InstanceType":"t3.micro"}}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","resource_id":"i-2","name":"db","state":"running","properties":{"InstanceType":"m5.large"}}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_vpc","resource_id":"vpc-1"}
{"scan":"scope","provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","status":"complete"}
{"scan":"completed","at":"2026-11-02T00:00:09Z"}
{"scan":"started","scan_id":"tuesday","provider":"aws","at":"2026-11-03T00:00:00Z"}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","resource_id":"i-1","arn":"arn:aws:ec2:us-east-1:111122223333:instance/i-1","name":"web","state":"running","tags":{"env":"test"},"properties":{"InstanceType":"t3.large"}}
{"scan":"scope","provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","status":"complete"}
{"scan":"completed","at":"2026-11-03T00:00:09Z"}
"#;

/// A folder that is home and working directory of the command.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// With a store in `store` that holds [`HISTORY`].
    pub fn with_history() -> Self {
        let bench = Self::new();
        bench.write("history.ndjson", HISTORY);
        let output = bench.output(&["--store", "store", "import", "history.ndjson"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elava"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command
    }

    pub fn output(&self, arguments: &[&str], input: &str) -> Output {
        run(self.command(arguments), input)
    }

    /// Exit code, stdout and stderr, on the store of this bench.
    pub fn elava(&self, arguments: &[&str]) -> String {
        self.elava_with(arguments, "")
    }

    pub fn elava_with(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        command.env("ELAVA_STORE", "store");
        self.told(&run(command, input))
    }

    /// What a command that succeeds prints on stdout, on the store of this bench.
    pub fn data(&self, arguments: &[&str]) -> String {
        let mut command = self.command(arguments);
        command.env("ELAVA_STORE", "store");
        let output = run(command, "");
        assert!(output.status.success(), "{arguments:?}: {}", self.told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn told(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().map_or("killed".to_owned(), |code| code.to_string());
        let told = format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr));
        told.replace(&*self.folder.path().canonicalize().unwrap().to_string_lossy(), "[DIR]")
            .replace(&*self.folder.path().to_string_lossy(), "[DIR]")
    }
}

pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that needs no input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Compares with the snapshot of a name, what differs from run to run left out.
pub fn check(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UUID]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[HASH]");
    settings.add_filter(r"Time: \d+\.\d+ ms", "Time: [MS]");
    settings.add_filter(r"\[DAY\]T[0-9:.]+Z", "[NOW]");
    settings.add_filter(r"\d+\.\d\d bytes", "[N] bytes");
    settings.add_filter(r"\d+ bytes", "[N] bytes");
    settings.add_filter(r#"bytes_per_observation":[0-9.]+"#, r#"bytes_per_observation":[N]"#);
    settings.add_filter(r#"bytes":\d+"#, r#"bytes":[N]"#);
    settings.add_filter(r"\(os error \d+\)", "(os error [N])");
    settings.bind(|| insta::assert_snapshot!(name, told));
}
