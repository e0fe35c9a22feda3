//! Other clouds than AWS fit the trait as it is: Google's Asset Inventory and Azure's Resource Graph list everything in one
//! paged call over all regions. Here are providers of them as far as a page goes; the bodies have the shapes that are
//! documented, and what a request would be is a look-up by the token of the page.

use async_trait::async_trait;

use super::*;
use crate::model::{Json, parse_json};
use crate::scan::provider::Received;

/// One paged call of a cloud.
#[derive(Debug)]
struct Paged {
    about: About,
    /// Bodies by the token that asks for them; the first has none.
    bodies: BTreeMap<&'static str, &'static str>,
    /// The member with the resources, and the one with the next token.
    members: (&'static str, &'static str),
    /// What is made of a resource.
    read: fn(&Json) -> Option<Draft>,
}

impl Paged {
    fn page(&self, token: &str) -> std::result::Result<(Vec<Draft>, Option<String>), Failure> {
        let broken = |what: String| Failure::new(Reason::BadAnswer, what, 1);
        let answer = parse_json(self.bodies[token].as_bytes()).map_err(|error| broken(error.to_string()))?;
        let Some(Json::Array(listed)) = answer.get(self.members.0) else { return Err(broken("there is no list".to_owned())) };
        let next = answer.get(self.members.1).and_then(Json::as_str).filter(|token| !token.is_empty());
        Ok((listed.iter().filter_map(self.read).collect(), next.map(str::to_owned)))
    }
}

#[async_trait]
impl Listing for Paged {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let (mut calls, mut token) = (0, String::new());
        loop {
            let of_store = |error| Failure::new(Reason::Store, error, calls);
            let asked = sink.about_to_ask().await.map_err(of_store)?;
            let (page, next) = self.page(&token)?;
            if let Received::Doubted(_) = sink.page(asked, page).await.map_err(of_store)? {
                // Labels and tags come with the resources: the page is asked for again.
                let again = sink.about_to_ask().await.map_err(of_store)?.confirmed();
                sink.page(again, self.page(&token)?.0).await.map_err(of_store)?.written(calls)?;
                calls += 1;
            }
            calls += 1;
            match next {
                Some(next) => token = next,
                None => return Ok(Listed::whole(calls)),
            }
        }
    }
}

#[async_trait]
impl Provider for Arc<Paged> {
    fn name(&self) -> &str {
        self.about.scopes[0].parts()[0]
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        Ok(vec![Arc::clone(self) as Arc<dyn Listing>])
    }
}

/// The scopes of one call: every type in every region that the account has.
fn about(call: &str, provider: &str, account_id: &str, regions: &[&str], types: &[&str]) -> About {
    let in_region = |region| types.iter().map(move |name| Scope::new(provider, account_id, region, name).unwrap());
    About {
        call: call.to_owned(),
        account_id: account_id.to_owned(),
        region: "global".to_owned(),
        scopes: regions.iter().flat_map(|region| in_region(region)).collect(),
        permissions: vec![call.to_owned()],
    }
}

fn text<'j>(value: &'j Json, path: &[&str]) -> Option<&'j str> {
    path.iter().try_fold(value, |value, member| value.get(member))?.as_str()
}

const ASSETS_1: &str = r#"{"readTime":"2026-12-01T00:00:00.123Z","assets":[
{"name":"//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/web-1","assetType":"compute.googleapis.com/Instance",
 "resource":{"version":"v1","discoveryName":"Instance","parent":"//cloudresourcemanager.googleapis.com/projects/12",
  "data":{"id":"42","name":"web-1","status":"RUNNING","creationTimestamp":"2026-11-30T01:02:03.000-08:00","labels":{"env":"prod"}},
  "location":"europe-west1-b"},
 "ancestors":["projects/12","organizations/9"],"updateTime":"2026-11-30T10:00:00Z"},
{"name":"//storage.googleapis.com/shop-logs","assetType":"storage.googleapis.com/Bucket",
 "resource":{"version":"v1","discoveryName":"Bucket","data":{"name":"shop-logs","location":"US-EAST1"},"location":"us-east1"},
 "ancestors":["projects/12","organizations/9"],"updateTime":"2026-11-30T10:00:00Z"}],"nextPageToken":"CAI="}"#;
const ASSETS_2: &str = r#"{"readTime":"2026-12-01T00:00:00.123Z","assets":[
{"name":"//compute.googleapis.com/projects/shop/zones/us-east1-c/instances/web-2","assetType":"compute.googleapis.com/Instance",
 "resource":{"version":"v1","discoveryName":"Instance","data":{"id":"43","name":"web-2","status":"TERMINATED"},"location":"us-east1-c"},
 "ancestors":["projects/12","organizations/9"],"updateTime":"2026-11-30T10:00:00Z"}]}"#;
const NO_ASSETS: &str = r#"{"readTime":"2026-12-01T01:00:00Z","assets":[]}"#;

/// `cloudasset.googleapis.com/v1/projects/shop/assets`, content type `RESOURCE`.
fn asset_inventory(second_page: &'static str) -> Arc<Paged> {
    let read = |asset: &Json| {
        let location = text(asset, &["resource", "location"])?.to_lowercase();
        let zone = location.rsplit_once('-').filter(|(_, zone)| zone.len() == 1);
        let region = zone.map_or(location.as_str(), |(region, _)| region);
        let resource_type = match text(asset, &["assetType"])? {
            "compute.googleapis.com/Instance" => "gcp_compute_instance",
            "storage.googleapis.com/Bucket" => "gcp_storage_bucket",
            _ => return None,
        };
        let (name, data) = (text(asset, &["name"])?, asset.get("resource")?.get("data")?);
        Some(Draft {
            native_type: text(asset, &["assetType"]).map(str::to_owned),
            arn: Some(name.to_owned()),
            name: text(data, &["name"]).map(str::to_owned),
            state: text(data, &["status"]).map(str::to_owned),
            created_at: text(data, &["creationTimestamp"]).and_then(|at| Timestamp::parse(at).ok()),
            tags: Some(data.get("labels").cloned().unwrap_or(Json::Object(Vec::new()))),
            properties: data.clone(),
            ..Draft::new("gcp", "shop", region, resource_type, name)
        })
    };
    let types = ["gcp_compute_instance", "gcp_storage_bucket"];
    Arc::new(Paged {
        about: about("cloudasset.assets.listResource", "gcp", "shop", &["europe-west1", "us-east1"], &types),
        bodies: BTreeMap::from([("", ASSETS_1), ("CAI=", second_page)]),
        members: ("assets", "nextPageToken"),
        read,
    })
}

const GRAPH_1: &str = r#"{"totalRecords":4,"count":3,"resultTruncated":"true","$skipToken":"ew==","facets":[],"data":[
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-1","name":"web-1",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","resourceGroup":"rg","subscriptionId":"s-1",
 "tags":{"env":"prod"},"properties":{"provisioningState":"Succeeded","hardwareProfile":{"vmSize":"Standard_B2s"}}},
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-2","name":"web-2",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","tags":{"env":"prod"},"properties":{"provisioningState":"Succeeded"}},
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-3","name":"web-3",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","tags":{"env":"prod"},"properties":{"provisioningState":"Succeeded"}}]}"#;
const GRAPH_2: &str = r#"{"totalRecords":4,"count":1,"resultTruncated":"false","facets":[],"data":[
{"id":"/subscriptions/s-1/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/old","name":"old",
 "type":"microsoft.compute/virtualmachines","location":"northeurope","tags":null,"properties":{"provisioningState":"Failed"}}]}"#;

/// `Microsoft.ResourceGraph/resources` of one subscription.
fn resource_graph() -> Arc<Paged> {
    let read = |row: &Json| {
        // Ids are the same in any case.
        let id = text(row, &["id"])?.to_lowercase();
        let tags = row.get("tags").filter(|tags| **tags != Json::Null).cloned().unwrap_or(Json::Object(Vec::new()));
        Some(Draft {
            native_type: text(row, &["type"]).map(str::to_owned),
            name: text(row, &["name"]).map(str::to_owned),
            state: text(row, &["properties", "provisioningState"]).map(str::to_owned),
            tags: Some(tags),
            properties: row.get("properties").cloned()?,
            ..Draft::new("azure", "s-1", text(row, &["location"])?, "azure_compute_virtual_machine", &id)
        })
    };
    let call = "Microsoft.ResourceGraph/resources/read";
    Arc::new(Paged {
        about: about(call, "azure", "s-1", &["westeurope", "northeurope"], &["azure_compute_virtual_machine"]),
        bodies: BTreeMap::from([("", GRAPH_1), ("ew==", GRAPH_2)]),
        members: ("data", "$skipToken"),
        read,
    })
}

async fn scanned_all(writer: &Writer, id: &str, providers: &[Arc<dyn Provider>]) -> ScanReport {
    let options = ScanOptions { scan_id: id.to_owned(), at_once: 4, guard: true, stop: Stop::default() };
    scan(writer, providers, &options, &|_| {}).await.unwrap()
}

#[tokio::test]
async fn calls_that_list_all_types_of_all_regions_fit_the_trait() {
    let folder = tempfile::tempdir().unwrap();
    let both = |assets| -> [Arc<dyn Provider>; 2] { [Arc::new(asset_inventory(assets)), Arc::new(resource_graph())] };
    let first = writer(&folder, FIRST).await;
    let report = scanned_all(&first, "one", &both(ASSETS_2)).await;
    assert_eq!((report.counts.created, report.calls, report.scopes.len()), (7, 4, 6));
    assert!(report.scopes.iter().all(|scope| scope.status == CoverageStatus::Complete));

    // Of the last instance of a region nothing is listed any more: that region's scope says that it is gone.
    let report = scanned_all(&writer(&folder, SECOND).await, "two", &both(NO_ASSETS)).await;
    assert_eq!((report.counts.unchanged, report.counts.deleted), (6, 1));

    let key = |region: &str, name: &str| {
        let id = format!("//compute.googleapis.com/projects/shop/zones/{name}");
        crate::model::ResourceKey::new("gcp", "shop", region, "gcp_compute_instance", &id).unwrap()
    };
    let asked = vec![(key("europe-west1", "europe-west1-b/instances/web-1"), None), (key("us-east1", "us-east1-c/instances/web-2"), None)];
    let known = writer(&folder, SECOND).await.known(asked).await.unwrap();
    let web = known[0].as_ref().unwrap();
    assert_eq!((web.name.as_deref(), web.created_at), (Some("web-1"), Some(time("2026-11-30T09:02:03Z"))));
    assert_eq!(web.tags.as_ref().unwrap().as_str(), r#"{"env":"prod"}"#);
    assert!(known[1].is_none());
}

/// A page that has lost its tags, and is as bare when it is asked for again: then it is so.
#[tokio::test]
async fn a_page_of_another_cloud_is_doubted_by_the_same_rule() {
    let folder = tempfile::tempdir().unwrap();
    scanned_all(&writer(&folder, FIRST).await, "one", &[Arc::new(resource_graph())]).await;
    let bare =
        Arc::new(Paged { bodies: BTreeMap::from([("", GRAPH_BARE), ("ew==", GRAPH_2)]), ..Arc::into_inner(resource_graph()).unwrap() });
    let report = scanned_all(&writer(&folder, SECOND).await, "two", &[Arc::new(bare)]).await;
    assert_eq!((report.counts.updated, report.counts.unchanged, report.calls), (3, 1, 3));
}

/// As the first page, without any tags.
const GRAPH_BARE: &str = r#"{"totalRecords":4,"count":3,"resultTruncated":"true","$skipToken":"ew==","facets":[],"data":[
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-1","name":"web-1",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","tags":null,"properties":{"provisioningState":"Succeeded"}},
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-2","name":"web-2",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","tags":null,"properties":{"provisioningState":"Succeeded"}},
{"id":"/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-3","name":"web-3",
 "type":"microsoft.compute/virtualmachines","location":"westeurope","tags":null,"properties":{"provisioningState":"Succeeded"}}]}"#;
