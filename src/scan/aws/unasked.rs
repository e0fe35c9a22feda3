//! A listing of which it is known beforehand that there is nobody to ask: what it covers is in the coverage all the same.

use std::sync::Arc;

use async_trait::async_trait;

use crate::scan::provider::{About, Failure, Listed, Listing, Sink};

/// A listing that is not asked for.
#[derive(Debug)]
pub(super) struct Unasked {
    about: About,
    failure: Failure,
}

impl Unasked {
    /// In the place of a listing.
    pub(super) fn instead_of(listing: &dyn Listing, failure: &Failure) -> Arc<dyn Listing> {
        Arc::new(Self { about: listing.about().clone(), failure: failure.clone() })
    }
}

#[async_trait]
impl Listing for Unasked {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, _: &dyn Sink) -> std::result::Result<Listed, Failure> {
        Err(self.failure.clone())
    }
}
