//! The time of day: for a guest the host's, for who is none what it says.

#[cfg(target_arch = "wasm32")]
pub(crate) use tiphys_plugin::clock::now;

#[cfg(not(target_arch = "wasm32"))]
pub use given::at;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use given::now;

#[cfg(not(target_arch = "wasm32"))]
mod given {
    use std::cell::Cell;

    thread_local! {
        static GIVEN: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Does something at a time of day, in milliseconds since 1970.
    pub fn at<T>(millis: u64, work: impl FnOnce() -> T) -> T {
        let before = GIVEN.replace(Some(millis));
        let done = work();
        GIVEN.set(before);
        done
    }

    pub(crate) fn now() -> u64 {
        GIVEN.get().unwrap_or_else(tiphys_plugin::clock::now)
    }
}
