//! Tags that a list does not show: asked for by the ARNs of what was listed.

use super::call::{Calls, bad_answer};
use super::clients::Clients;
use super::member::known;
use super::shapes::Operation;
use super::types::TagCall;
use crate::ingest::convert::{Draft, tag_object};
use crate::model::Json;
use crate::scan::provider::{Failure, Reason, Sink};

/// Puts the tags into the resources of a page. Of what went away since it was listed they are those that it is known with; where
/// the credentials do not allow to ask they stay unknown, and a note says so.
pub(super) async fn add_tags(
    tags: &TagCall,
    operation: &'static Operation,
    clients: &Clients,
    drafts: &mut [Draft],
    calls: &Calls,
    sink: &dyn Sink,
) -> Result<(), Failure> {
    let mut left: Vec<&mut [Draft]> = drafts.chunks_mut(tags.at_once).collect();
    while let Some(batch) = left.pop() {
        match asked(tags, operation, clients, batch, calls).await {
            Ok(answer) => batch.iter_mut().for_each(|draft| draft.tags = told(tags, &answer, draft)),
            // One of them went away since it was listed; what the others have is asked one by one, and it has what it had.
            Err(failure) if failure.code.as_deref() == Some(tags.gone) => match batch {
                [gone] => gone.tags = known(gone.key().map_err(bad_answer)?, sink).await?.and_then(|known| known.tags),
                batch => left.extend(batch.chunks_mut(1)),
            },
            Err(failure) if failure.reason == Reason::AccessDenied => {
                sink.note(format!("tags are not known: {failure}"));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

async fn asked(tags: &TagCall, operation: &'static Operation, clients: &Clients, batch: &[Draft], calls: &Calls) -> Result<Json, Failure> {
    let arns: Vec<&str> = batch.iter().filter_map(|draft| draft.arn.as_deref()).collect();
    clients.answered(operation, &(tags.input)(&arns), calls).await
}

/// The tags of one resource: what an answer does not name has none.
fn told(tags: &TagCall, answer: &Json, draft: &Draft) -> Option<Json> {
    let of_draft = |element: &&Json| element.get("ResourceArn").and_then(Json::as_str) == draft.arn.as_deref();
    let element = match (tags.list, tags.list.and_then(|list| answer.get(list))) {
        (None, _) => Some(answer),
        (Some(_), Some(Json::Array(elements))) => elements.iter().find(of_draft),
        (Some(_), _) => None,
    };
    Some(element.and_then(|element| tag_object(element.get("Tags")?)).unwrap_or(Json::Object(Vec::new())))
}
