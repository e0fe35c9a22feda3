//! Pages that are not believed at once: services under load leave tags out of their answers, without a word.

use crate::error::Result;
use crate::ingest::Reader;
use crate::ingest::convert::Draft;
use crate::model::{Json, Observation, Sighting};
use crate::store::Writer;

/// A page on which so many resources or more have lost all of their tags ...
const LOST_MIN: usize = 3;
/// ... and this share of those with tags, then or now, in percent, is doubted.
const LOST_PERCENT: usize = 90;

/// Whether so many resources of a page had tags and have none now that it is not believed.
///
/// # Errors
/// If the store cannot tell what they had, or a resource has no valid key.
pub(super) async fn has_lost_tags(writer: &Writer, reader: &Reader, page: &[Draft]) -> Result<bool> {
    let (tagged, bare): (Vec<&Draft>, Vec<&Draft>) = page.iter().filter(|seen| !seen.deleted).partition(|seen| has_tags(seen));
    if bare.len() < LOST_MIN {
        return Ok(false);
    }
    let mut asked = Vec::with_capacity(bare.len());
    for seen in bare {
        let Observation { key, sighting, .. } = reader.observation(seen.clone(), writer.clock().now())?;
        if let Sighting::Present(_, hash) = sighting {
            asked.push((key, Some(hash)));
        }
    }
    // What is as it was has lost nothing: the store tells of the others only.
    let known = writer.known(asked).await?;
    let lost = known.iter().flatten().filter(|known| known.tags.as_ref().is_some_and(|tags| tags.as_str() != "{}")).count();
    Ok(lost >= LOST_MIN && lost * 100 >= (lost + tagged.len()) * LOST_PERCENT)
}

fn has_tags(seen: &Draft) -> bool {
    matches!(&seen.tags, Some(Json::Object(tags)) if !tags.is_empty())
}
