//! An HTTP server that takes what is posted to it, and fails as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What was posted.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    pub path: String,
    pub headers: Vec<String>,
    pub body: Value,
    /// The status that was answered.
    pub status: u16,
}

/// A server on this machine, which ends with the test.
pub struct Hook {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    posted: Vec<Posted>,
    /// Answers to come: a status and further header lines. After them, 200.
    answers: VecDeque<(u16, &'static str)>,
}

impl Hook {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&hook.state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&mut stream.unwrap(), &state);
            }
        });
        hook
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn answer(&self, status: u16, header: &'static str) {
        self.state.lock().unwrap().answers.push_back((status, header));
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.state.lock().unwrap().posted.clone()
    }

    /// What was posted and taken.
    pub fn taken(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| posted.status == 200).collect()
    }
}

fn serve(stream: &mut TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut length, mut headers) = (0, Vec::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.to_ascii_lowercase().strip_prefix("content-length:") {
            Some(number) => length = number.trim().parse().unwrap(),
            None if line.trim().is_empty() => break,
            None => {}
        }
        headers.push(line.trim_end().to_owned());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut state = state.lock().unwrap();
    let (status, header) = state.answers.pop_front().unwrap_or((200, ""));
    let path = first.split(' ').nth(1).unwrap().to_owned();
    state.posted.push(Posted { path, headers, body: serde_json::from_slice(&body).unwrap(), status });
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    write!(stream, "HTTP/1.1 {status} Word\r\n{header}Content-Length: 4\r\nConnection: close\r\n\r\nsaid").unwrap();
}
