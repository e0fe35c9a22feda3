//! The resources of a state, by the names that others have for them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

use super::place::Place;
use super::reader::Reader;
use super::rule::Member;
use super::table::ALIASES;
use crate::model::ResourceKey;
use crate::store::texts;

/// What a name takes in memory besides its own letters and those of the key.
const NAME_BYTES: usize = 120;

/// Resources by type and name.
#[derive(Debug)]
pub(in crate::query) struct Known {
    /// In the order of the keys.
    by_name: HashMap<&'static str, HashMap<Box<str>, Vec<ResourceKey>>>,
    bytes: usize,
    /// Of a query's memory the part that this takes.
    memory: MemoryReservation,
}

/// What reads the aliases of each type that has some.
static ALIAS_READERS: LazyLock<HashMap<&'static str, Reader>> = LazyLock::new(|| {
    let mut members: HashMap<&'static str, Vec<Member>> = HashMap::new();
    ALIASES.iter().for_each(|alias| members.entry(alias.of_type).or_default().push(alias.member));
    members.into_iter().map(|(of_type, members)| (of_type, Reader::new(&members))).collect()
});

/// Whether resources of a type have names that only their properties tell.
pub(in crate::query) fn has_aliases(resource_type: &str) -> bool {
    ALIAS_READERS.contains_key(resource_type)
}

impl Known {
    /// Knows nothing yet of resources of these types, and never of others.
    pub(in crate::query) fn new(types: impl IntoIterator<Item = &'static str>, pool: &Arc<dyn MemoryPool>) -> Self {
        let by_name = types.into_iter().map(|resource_type| (resource_type, HashMap::new())).collect();
        Self { by_name, bytes: 0, memory: MemoryConsumer::new("relationships").register(pool) }
    }

    /// Adds the resources of a batch by their ids; where it has their properties, by their aliases instead.
    ///
    /// # Errors
    /// If they take more memory than a query may use.
    pub(in crate::query) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = texts(batch, "resource_key")?;
        let properties = batch.column_by_name("properties").is_some().then(|| texts(batch, "properties")).transpose()?;
        for row in 0..keys.len() {
            let key = ResourceKey::from_stored(keys.value(row))?;
            let Some(properties) = properties else {
                self.add_name(&key, key.parts()[4]);
                continue;
            };
            let aliases = ALIAS_READERS.get(key.resource_type()).map(|reader| reader.read(properties.value(row), None));
            aliases.iter().flatten().flatten().for_each(|alias| self.add_name(&key, alias));
        }
        self.memory.try_resize(self.bytes)
    }

    fn add_name(&mut self, key: &ResourceKey, name: &str) {
        let Some(by_name) = self.by_name.get_mut(key.resource_type()) else { return };
        let keys = by_name.entry(name.into()).or_default();
        keys.insert(keys.partition_point(|before| before < key), key.clone());
        self.bytes += name.len() + key.as_str().len() + NAME_BYTES;
    }

    /// The resource of a type that has a name: that in a place, else that of its account in no region, else, if it may lie
    /// anywhere, the first.
    pub(super) fn find(&self, resource_type: &str, name: &str, place: Place<'_>, anywhere: bool) -> Option<&ResourceKey> {
        let keys = self.by_name.get(resource_type)?.get(name)?;
        let first_in = |place: Place<'_>| {
            let prefix = place.key_prefix();
            let at = keys.partition_point(|key| key.as_str() < prefix.as_str());
            keys.get(at).filter(|key| key.as_str().starts_with(&prefix))
        };
        first_in(place).or_else(|| first_in(place.global())).or_else(|| keys.first().filter(|_| anywhere))
    }
}
