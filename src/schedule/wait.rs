//! Waiting, from a source that is handed in as time is, so that tests own it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::model::Timestamp;

/// How to wait.
#[async_trait]
pub trait Wait: Debug + Send + Sync {
    /// Waits until a time has come by the clock, or shorter.
    async fn until(&self, time: Timestamp);
}

/// Waits as long as it takes, by the clock at the beginning.
#[derive(Debug, Clone)]
pub struct RealWait(pub Arc<dyn Clock>);

#[async_trait]
impl Wait for RealWait {
    async fn until(&self, time: Timestamp) {
        self.0.sleep(time.since(self.0.now())).await;
    }
}
