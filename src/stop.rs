//! Ending something before its time: told once, and all who hold the same one know.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether to stop. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// From now on, and for good.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was requested.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is requested.
    pub async fn requested(&self) {
        // The sender lives as long as `self`: this ends with the request only.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
