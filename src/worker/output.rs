//! What a program prints: only the end of it is kept, and whoever prints without end is noticed.
//!
//! This module never interprets what it reads, and never keeps more than its limits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Notify;

use super::outcome::tidy;

/// How much of the end of each output stream is kept: enough for a stack trace and what led to it.
pub(super) const TAIL_LIMIT: usize = 64 * 1024;

/// Most output of a run, both streams together. A talkative build prints a few megabytes; what prints more is in a loop.
pub(super) const OUTPUT_LIMIT: u64 = 16 * 1024 * 1024;

/// What a child prints: the end of it, and how much it was.
pub(super) struct Output {
    pub(super) stdout: Tail,
    pub(super) stderr: Tail,
    total: AtomicU64,
    limit: u64,
    pub(super) printed_since_asked: AtomicBool,
    pub(super) is_flooded: AtomicBool,
    pub(super) flooded: Notify,
}

impl Output {
    /// One that may come to so many bytes.
    pub(super) fn limited_to(limit: u64) -> Self {
        Self {
            stdout: Tail::default(),
            stderr: Tail::default(),
            total: AtomicU64::new(0),
            limit,
            printed_since_asked: AtomicBool::new(false),
            is_flooded: AtomicBool::new(false),
            flooded: Notify::new(),
        }
    }

    /// Reads a pipe to its end, or until there was too much.
    pub(super) async fn read(self: Arc<Self>, mut pipe: impl AsyncRead + Unpin, tail: fn(&Self) -> &Tail) {
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
            tail(&self).push(&chunk[..length]);
            if !self.count(length) {
                return;
            }
        }
    }

    /// Counts what was read; false when it was too much.
    pub(super) fn count(&self, length: usize) -> bool {
        self.printed_since_asked.store(true, Ordering::Relaxed);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let fits = self.total.fetch_add(length, Ordering::Relaxed).saturating_add(length) <= self.limit;
        if !fits {
            self.flood();
        }
        fits
    }

    /// Has the run end because of what it printed.
    pub(super) fn flood(&self) {
        self.is_flooded.store(true, Ordering::Relaxed);
        self.flooded.notify_one();
    }
}

/// The last [`TAIL_LIMIT`] bytes of a stream.
#[derive(Default)]
pub(super) struct Tail(Mutex<Vec<u8>>);

impl Tail {
    /// Adds to the end of it.
    pub(super) fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + bytes.len() > kept.capacity() {
            // All there will ever be, at once: growing step by step leaves as much behind in the allocator.
            kept.reserve_exact(2 * TAIL_LIMIT + bytes.len());
        }
        kept.extend_from_slice(bytes);
        // Cutting only at twice the limit moves each byte once, not with every chunk.
        if kept.len() > 2 * TAIL_LIMIT {
            let surplus = kept.len() - TAIL_LIMIT;
            kept.drain(..surplus);
        }
    }

    /// The end of it, without the secret.
    pub(super) fn text(&self, secret: &str) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let text = if secret.is_empty() { text.into_owned() } else { text.replace(secret, "[token]") };
        let surplus = text.ceil_char_boundary(text.len().saturating_sub(TAIL_LIMIT));
        tidy(&text[surplus..], TAIL_LIMIT)
    }
}
