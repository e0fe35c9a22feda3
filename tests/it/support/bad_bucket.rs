//! A server that speaks as much of S3, and of Google's XML protocol, as a store needs, and keeps less of its promises.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ETAG, IF_NONE_MATCH, LAST_MODIFIED};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

/// What it does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It keeps all.
    None,
    /// Conditions are ignored.
    IgnoresConditions,
    /// Of creates at once each looks whether the name is free before any takes it.
    ChecksThenWrites,
    /// What was written is not listed.
    ListsNothing,
    /// What was written first is read for ever.
    ReadsOtherBytes,
    /// It does not know conditions, and says so.
    KnowsNoConditions,
}

/// Google's condition that the name is free.
const IF_NO_GENERATION: &str = "x-goog-if-generation-match";
/// How many creates of one name a probe sends at once, and how it calls that.
const RACERS: usize = 8;
const RACE: &str = "-race";

type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

/// The server, in the runtime of the test.
pub struct BadBucket {
    pub endpoint: String,
    objects: Objects,
}

impl BadBucket {
    pub async fn start(flaw: Flaw) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let objects = Objects::default();
        let (served, race) = (Arc::clone(&objects), Arc::new(Barrier::new(RACERS)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (objects, race) = (Arc::clone(&served), Arc::clone(&race));
                let service = service_fn(move |request| answer(request, Arc::clone(&objects), Arc::clone(&race), flaw));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { endpoint: format!("http://{address}"), objects }
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer(request: Request<Incoming>, objects: Objects, race: Arc<Barrier>, flaw: Flaw) -> hyper::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    // Behind the bucket's name; Google's clients write its slashes in another way.
    let name = parts.uri.path().trim_start_matches('/').split_once('/').map_or("", |(_, name)| name).replace("%2F", "/");
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    Ok(match parts.method {
        Method::PUT => {
            let is_create = [IF_NONE_MATCH.as_str(), IF_NO_GENERATION].iter().any(|name| parts.headers.contains_key(*name));
            let is_create = is_create && flaw != Flaw::IgnoresConditions;
            if is_create && flaw == Flaw::KnowsNoConditions {
                return Ok(refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented"));
            }
            if is_create && objects.lock().unwrap().contains_key(&name) {
                return Ok(refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
            }
            if flaw == Flaw::ChecksThenWrites && name.ends_with(RACE) {
                race.wait().await;
            }
            objects.lock().unwrap().insert(name, if flaw == Flaw::ReadsOtherBytes { Bytes::new() } else { body });
            found(Bytes::new())
        }
        Method::POST => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            for key in text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                objects.lock().unwrap().remove(key);
            }
            found("<DeleteResult/>".into())
        }
        Method::DELETE => {
            objects.lock().unwrap().remove(&name);
            found(Bytes::new())
        }
        _ if name.is_empty() => found(listing(&objects.lock().unwrap(), &query, flaw).into()),
        _ => match objects.lock().unwrap().get(&name) {
            Some(bytes) => found(bytes.clone()),
            None => refused(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
    })
}

fn listing(objects: &BTreeMap<String, Bytes>, query: &BTreeMap<String, String>, flaw: Flaw) -> String {
    let asked = |name: &str| query.get(name).map_or("", String::as_str);
    let listed = objects.iter().filter(|(name, _)| name.starts_with(asked("prefix")) && name.as_str() > asked("start-after"));
    let entry = |(name, bytes): (&String, &Bytes)| {
        let size = bytes.len();
        format!("<Contents><Key>{name}</Key><LastModified>2026-11-27T00:00:00.000Z</LastModified><Size>{size}</Size></Contents>")
    };
    let entries: String = listed.filter(|_| flaw != Flaw::ListsNothing).map(entry).collect();
    format!("<ListBucketResult>{entries}</ListBucketResult>")
}

fn found(body: Bytes) -> Response<Full<Bytes>> {
    let answer = Response::builder().header(ETAG, "\"1\"").header(LAST_MODIFIED, "Fri, 27 Nov 2026 00:00:00 GMT");
    answer.body(Full::from(body)).unwrap()
}

fn refused(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))).unwrap()
}
