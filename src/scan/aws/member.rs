//! A member that a list does not show: asked for resource by resource, by their ARNs.

use super::call::{Calls, bad_answer, of_store};
use super::clients::Clients;
use super::shapes::Operation;
use super::types::MemberCall;
use crate::ingest::convert::Draft;
use crate::model::{Json, ResourceKey};
use crate::scan::provider::{Failure, Reason, Sink};

/// Puts the member into the resources of a page. Where the credentials do not allow to ask it is missing, and a note says so. A
/// resource that went away since it was listed was there then: it is seen as it is known.
pub(super) async fn add_member(
    member: &MemberCall,
    operation: &'static Operation,
    clients: &Clients,
    drafts: &mut [Draft],
    calls: &Calls,
    sink: &dyn Sink,
) -> Result<(), Failure> {
    for draft in drafts {
        match asked(member, operation, clients, draft, calls).await {
            Ok(value) => {
                if let Json::Object(members) = &draft.properties {
                    draft.properties = Json::object(members.iter().cloned().chain([(member.name.into(), value)]));
                }
            }
            Err(failure) if failure.code.as_deref() == Some(member.gone) => {
                sink.note(format!("{} went away since it was listed", draft.resource_id));
                if let Some(known) = known(draft.key().map_err(bad_answer)?, sink).await? {
                    *draft = known;
                }
            }
            Err(failure) if failure.reason == Reason::AccessDenied => {
                sink.note(format!("{} is not known: {failure}", member.name));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

async fn asked(
    member: &MemberCall,
    operation: &'static Operation,
    clients: &Clients,
    draft: &Draft,
    calls: &Calls,
) -> Result<Json, Failure> {
    let input = (member.input)(draft.arn.as_deref().unwrap_or_default());
    let document = clients.answered(operation, &input, calls).await?;
    let missing = || bad_answer(format!("{} answers without {}", operation.name(), member.list));
    document.get(member.list).cloned().ok_or_else(missing)
}

/// A resource as it was last seen.
pub(super) async fn known(key: ResourceKey, sink: &dyn Sink) -> Result<Option<Draft>, Failure> {
    Ok(sink.known(&[key]).await.map_err(of_store)?.into_iter().flatten().next())
}
