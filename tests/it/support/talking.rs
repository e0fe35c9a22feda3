//! Processes that say what they do while they do it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A process of which every line is read that it says.
pub struct Talking {
    process: Child,
    lines: BufReader<std::process::ChildStderr>,
    pub said: String,
}

impl Talking {
    pub fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap());
        Self { process, lines, said: String::new() }
    }

    /// Reads on until a line begins with some text; it has to come before one that begins with another.
    pub fn until(&mut self, expected: &str, before: &str) {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            if line.starts_with(expected) {
                return;
            }
            assert!(!line.is_empty() && !line.starts_with(before), "{:?} does not come:\n{}", expected, self.said);
        }
    }

    /// Sends a signal and reads to the end; the exit status.
    pub fn end(&mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            self.said.push_str(&std::mem::take(&mut line));
        }
        self.process.wait().unwrap().code()
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
