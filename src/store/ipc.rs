//! Streams of Arrow IPC, the sections of a segment's payload.
//!
//! The hash of a payload holds, or nobody comes here; what it holds may be nothing that Elava writes all the same. Arrow
//! believes what a stream says of its lengths: it takes memory for them before it looks whether the bytes are there. So they are
//! compared with the bytes first.

use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::{Message, MessageHeader, root_as_message};
use bytes::Bytes;

use super::decode::decode;
use crate::error::{Error, Result};

/// What stands before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// What stands before a packed buffer: its length when it is unpacked.
const LENGTH_BYTES: usize = 8;
/// In place of that length: it is not packed.
const NOT_PACKED: i64 = -1;
/// The most bytes that zstd makes of one: four are a block of 128 KiB (RFC 8878, 3.1.1.2).
const UNPACKED_PER_BYTE_MAX: u64 = 32 * 1024;
/// The most bytes of a stream when it is unpacked: more is taken for damage.
const UNPACKED_BYTES_MAX: u64 = 4 << 30;

/// Reads the rows of a stream as one batch. `object` and `offset` say where the stream is, for errors.
///
/// # Errors
/// `Corrupt` if it is no such stream, or one of other columns.
pub fn read_stream(object: &str, offset: u64, stream: &Bytes, schema: &SchemaRef) -> Result<RecordBatch> {
    decode(object, || {
        check_lengths(stream, offset)?;
        let of_arrow = |error| Error::corrupt("Arrow cannot read the section").at_byte(offset).with_source(error);
        let reader = StreamReader::try_new(Cursor::new(stream.clone()), None).map_err(of_arrow)?;
        if reader.schema().fields() != schema.fields() {
            return Err(Error::corrupt("the section has other columns than expected").at_byte(offset));
        }
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(of_arrow)?;
        concat_batches(schema, &batches).map_err(of_arrow)
    })
}

/// Checks that the bytes are there of which a stream tells.
fn check_lengths(stream: &[u8], offset: u64) -> Result<()> {
    let (mut unread, mut room) = (Unread(stream), UNPACKED_BYTES_MAX);
    loop {
        let at = offset + (stream.len() - unread.0.len()) as u64;
        let damaged = |what: &str| Error::corrupt(format!("{what} in the message")).at_byte(at);
        // Where Arrow finds no message it ends.
        let Some(length) = unread.message_length().filter(|length| *length != 0) else { return Ok(()) };
        let message = unread.take(length.into()).ok_or_else(|| damaged("expected metadata, found the end of the section"))?;
        let message = root_as_message(message).map_err(|error| damaged(&format!("expected metadata ({error})")))?;
        let body = unread.take(message.bodyLength()).ok_or_else(|| damaged("expected a body, found the end of the section"))?;
        check_message(&message, body, &mut room).map_err(damaged)?;
    }
}

/// Bytes that are still to be looked at.
struct Unread<'a>(&'a [u8]);

impl<'a> Unread<'a> {
    /// The next bytes, if there are so many.
    fn take(&mut self, length: i64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn message_length(&mut self) -> Option<i32> {
        let mut length = self.take(4)?;
        if length == CONTINUATION {
            length = self.take(4)?;
        }
        length.try_into().ok().map(i32::from_le_bytes)
    }
}

/// Checks what a message says of its buffers; `room` is how much may still be unpacked.
fn check_message(message: &Message<'_>, body: &[u8], room: &mut u64) -> Result<(), &'static str> {
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()),
        _ => return Ok(()),
    };
    let batch = batch.ok_or("expected rows")?;
    let is_count = |count: i64| (0..=i64::from(i32::MAX)).contains(&count);
    let mut nodes = batch.nodes().into_iter().flatten();
    if !is_count(batch.length()) || nodes.any(|node| !is_count(node.length()) || !(0..=node.length()).contains(&node.null_count())) {
        return Err("expected a number of rows and of NULLs among them");
    }
    if batch.variadicBufferCounts().into_iter().flatten().any(|count| !is_count(count)) {
        return Err("expected a number of buffers");
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let (start, length) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let end = start.ok().zip(length.ok()).and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let bytes = end.and_then(|range| body.get(range)).ok_or("a buffer is longer than the body")?;
        if batch.compression().is_some() && !bytes.is_empty() {
            check_packed(bytes, room)?;
        }
    }
    Ok(())
}

/// Checks how long a packed buffer says that it is.
fn check_packed(bytes: &[u8], room: &mut u64) -> Result<(), &'static str> {
    let (length, packed) = bytes.split_at_checked(LENGTH_BYTES).ok_or("a packed buffer has no length")?;
    let length = length.try_into().map_or(0, i64::from_le_bytes);
    if length == NOT_PACKED {
        return Ok(());
    }
    let length = u64::try_from(length).map_err(|_| "a packed buffer has no length")?;
    let possible = (packed.len() as u64).saturating_mul(UNPACKED_PER_BYTE_MAX);
    *room = room.checked_sub(length).filter(|_| length <= possible).ok_or("a packed buffer is longer than it can be")?;
    Ok(())
}
