//! An allocator that counts: bytes held now, and the most that were held at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Put it in place with `#[global_allocator]`.
pub struct Counting {
    held: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    #[must_use]
    pub const fn new() -> Self {
        Self {
            held: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The most bytes that were held since the last `restart`.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Forgets the most.
    pub fn restart(&self) {
        self.most.store(self.held(), Ordering::Relaxed);
    }
}

impl Default for Counting {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = self.held.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.most.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.held.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
