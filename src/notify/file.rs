//! A file of messages, one line of JSON each.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use async_trait::async_trait;

use super::webhook::encoded;
use super::{Message, Sink, Undelivered};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct LinesFile {
    path: PathBuf,
}

impl LinesFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn append(&self, mut line: Vec<u8>) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
        line.push(b'\n');
        // Half a line that a crash has left stays for itself.
        if !ends_a_line(&mut file)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line)?;
        file.sync_all()
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[async_trait]
impl Sink for LinesFile {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let line = encoded(message)?;
        Ok(self.append(line).map_err(|error| Error::unavailable(format!("write {}", self.path.display())).with_source(error))?)
    }
}
