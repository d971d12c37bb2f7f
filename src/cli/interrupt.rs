//! Ctrl-C while something is done that takes long and is undone when it does not come to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::{Exit, Failure};
use super::serve::Signals;

/// Whether this process was asked to end.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. A first request is noticed between two steps of the work, a second ends the process where it is.
    pub(super) fn listen() -> Result<Self, Failure> {
        let mut signals = Signals::listen()?;
        let asked = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            signals.next().await;
            noted.store(true, Ordering::Relaxed);
            signals.next().await;
            std::process::exit(Exit::Interrupted as i32);
        });
        Ok(Self(asked))
    }

    /// Goes on, unless this process was asked to end.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Failure::plain(Exit::Interrupted, "interrupted; everything is as it was before"));
        }
        Ok(())
    }
}
