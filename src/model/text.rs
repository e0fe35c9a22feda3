//! Text that an observation owns, or shares with the input that it was read from.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Immutable text. Shared text keeps the whole that it is part of in memory.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Owned(Box<str>),
    Part(Arc<String>, Range<u32>),
}

impl Text {
    /// What was read from a text: shared where it is a part of it, else its own.
    pub fn share(whole: &Arc<String>, read: Cow<'_, str>) -> Self {
        let part = match read {
            Cow::Borrowed(part) => part,
            Cow::Owned(own) => return own.into(),
        };
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let place = u32::try_from(start).ok().zip(u32::try_from(start.wrapping_add(part.len())).ok());
        match place.filter(|_| whole.get(start..start + part.len()).is_some()) {
            Some((start, end)) => Self(Repr::Part(Arc::clone(whole), start..end)),
            None => part.into(),
        }
    }

    /// Whether it keeps more text in memory than its own.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Repr::Part(..))
    }

    /// A copy that keeps no other text in memory.
    #[must_use]
    pub fn detached(&self) -> Self {
        (**self).into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Repr::Owned(text) => text,
            Repr::Part(whole, place) => whole.get(place.start as usize..place.end as usize).unwrap_or_default(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Owned(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Owned(text.into()))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
