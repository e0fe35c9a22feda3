//! The `elava` command.

use std::process::ExitCode;

/// A long import in two thirds of the memory that the C library's allocator takes for it.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Free memory goes back to the system after a second; a few arenas do, as few threads allocate at once.
#[cfg(unix)]
#[expect(unsafe_code, reason = "jemalloc reads its settings from a symbol of this name, a C string")]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static ALLOCATOR_SETTINGS: &[u8; 47] = b"narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

fn main() -> ExitCode {
    elava::cli::run(std::env::args_os()).into()
}
