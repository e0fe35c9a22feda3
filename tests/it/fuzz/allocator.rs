//! The allocator of the tests: the program's, with a note of the largest block that a thread asked for.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

#[cfg(not(unix))]
use std::alloc::System as Program;
#[cfg(unix)]
use tikv_jemallocator::Jemalloc as Program;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

fn note(bytes: usize) {
    // A thread that ends has no place for it any more.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(bytes)));
}

#[expect(unsafe_code, reason = "the trait of allocators is unsafe; all is handed on to the program's")]
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { Program.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { Program.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        note(bytes);
        unsafe { Program.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { Program.dealloc(block, layout) }
    }
}

/// What work comes to, and the largest block of memory that this thread asked for meanwhile.
pub fn largest_block<T>(work: impl FnOnce() -> T) -> (T, usize) {
    LARGEST.set(0);
    let done = work();
    (done, LARGEST.get())
}
