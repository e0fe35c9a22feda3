//! Contents of live versions, kept at hand so that a changed resource can be compared with what it was. What is not at hand
//! is read back from the tail or the tables.

use std::sync::Arc;

use hashbrown::HashMap;

use super::classify::Replaced;
use super::history::History;
use super::segment::{Segment, numbers};
use super::versions::read_contents;
use crate::error::Result;
use crate::model::{CanonicalJson, Content, Revision};

/// How much is kept at hand.
const BYTES_MAX: usize = 96 << 20;
/// What a content takes beside its texts, about.
const OVERHEAD_BYTES: usize = 256;

/// Contents by the revision that their version began with.
#[derive(Debug, Default)]
pub struct Contents {
    by_version: HashMap<Revision, Arc<Content>>,
    bytes: usize,
}

impl Contents {
    /// The content of a version, if it is at hand.
    pub fn get(&self, version: Revision) -> Option<&Arc<Content>> {
        self.by_version.get(&version)
    }

    /// Puts these contents at hand, for one commit beyond the limit if need be.
    ///
    /// # Errors
    /// `Corrupt` if a version is not where it must be.
    pub async fn load(&mut self, history: &History, mut wanted: Vec<Revision>) -> Result<()> {
        wanted.retain(|version| !self.by_version.contains_key(version));
        if wanted.is_empty() {
            return Ok(());
        }
        for (version, content) in read_contents(history, wanted).await? {
            self.insert(version, content);
        }
        Ok(())
    }

    /// Follows a commit: what it opened comes to hand as far as there is room, what it closed goes.
    pub fn follow(&mut self, replaced: Replaced) {
        replaced.closed.iter().for_each(|version| self.remove(*version));
        for (version, content) in replaced.opened {
            if self.bytes >= BYTES_MAX {
                break;
            }
            self.insert(version, Content::detached(&content));
        }
        // Some were opened and closed by the same commit.
        replaced.closed.iter().for_each(|version| self.remove(*version));
        while self.bytes > BYTES_MAX {
            let Some(version) = self.by_version.keys().next().copied() else { return };
            self.remove(version);
        }
    }

    /// Follows a commit of another writer. What one redacts is read anew.
    ///
    /// # Errors
    /// `Internal` if the segment has no closings.
    pub fn follow_foreign(&mut self, segment: &Segment) -> Result<()> {
        if segment.redacts() {
            self.clear();
        }
        numbers(&segment.closings, "valid_from_revision")?.values().iter().for_each(|version| self.remove(*version));
        Ok(())
    }

    /// Lets everything go.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn insert(&mut self, version: Revision, content: Arc<Content>) {
        self.bytes += size(&content);
        if let Some(before) = self.by_version.insert(version, content) {
            self.bytes -= size(&before);
        }
    }

    fn remove(&mut self, version: Revision) {
        if let Some(content) = self.by_version.remove(&version) {
            self.bytes -= size(&content);
        }
    }
}

/// About the bytes that a content takes.
fn size(content: &Content) -> usize {
    let texts = [&content.native_type, &content.arn, &content.name, &content.state];
    let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
    let tags = content.tags.as_ref().map_or(0, |tags| tags.as_str().len());
    texts + tags + CanonicalJson::as_str(&content.properties).len() + OVERHEAD_BYTES
}
