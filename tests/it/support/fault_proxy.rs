//! A proxy in front of a server of object storage: counts requests, has answers go wrong as it is told, and sets the server's clock.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

/// How a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not handed on, and the connection is closed.
    LostRequest,
    /// It is handed on, and the connection is closed.
    LostReply,
    /// It is not handed on; this status comes back.
    Refused(u16),
    /// It is handed on; this status comes back.
    DoneAndRefused(u16),
    /// It is kept, and handed on when it is released; the connection is closed.
    Held,
    /// It is handed on or not, and from then on nothing is answered: the process that sent it has stopped.
    Stopped { landed: bool },
}

/// Which requests go wrong.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub method: &'static str,
    /// What the path holds.
    pub path: &'static str,
    /// So many are left alone first.
    pub skip: usize,
    /// Then so many go wrong.
    pub times: usize,
    pub fault: Fault,
}

/// What a server tells of times, so many days away from what it means.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "a bench does not use it")]
pub struct ServerClock {
    /// The time of its answers; `None`: they tell none.
    pub answered: Option<i64>,
    /// The times at which objects were written.
    pub written: i64,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    /// How often each rule was looked at by a request that it is about.
    seen: Vec<usize>,
    fired: usize,
    requests: Vec<String>,
    held: Vec<Request<Full<Bytes>>>,
    is_stopped: bool,
    latency: Duration,
    clock: Option<ServerClock>,
}

struct Shared {
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Mutex<State>,
    stopped: Notify,
}

/// A proxy, which ends when it is dropped.
pub struct FaultProxy {
    endpoint: String,
    shared: Arc<Shared>,
    _end: oneshot::Sender<()>,
}

impl FaultProxy {
    /// A proxy before a server, on a thread of its own.
    pub fn before(upstream: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let shared = Arc::new(Shared { upstream: upstream.to_owned(), client, state: Mutex::default(), stopped: Notify::new() });
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, serving) => {}
                    _ = ended => {}
                }
            });
            runtime.shutdown_background();
        });
        let address: SocketAddr = told.recv().unwrap();
        Self { endpoint: format!("http://{address}"), shared, _end: end }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on requests go wrong as these rules say.
    pub fn rules(&self, rules: &[Rule]) {
        let mut state = self.shared.state.lock().unwrap();
        (state.rules, state.seen) = (rules.to_vec(), vec![0; rules.len()]);
        (state.fired, state.is_stopped) = (0, false);
    }

    /// From now on each request takes so much longer: half of it on its way there, half on the way back.
    #[allow(dead_code, reason = "a bench uses it")]
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state.lock().unwrap().latency = latency;
    }

    /// From now on the server tells these times.
    #[allow(dead_code, reason = "a bench does not use it")]
    pub fn set_clock(&self, clock: ServerClock) {
        self.shared.state.lock().unwrap().clock = Some(clock);
    }

    /// How many requests went wrong since the rules were set.
    pub fn fired(&self) -> usize {
        self.shared.state.lock().unwrap().fired
    }

    /// The requests since this was asked last: method, path and query.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state.lock().unwrap().requests)
    }

    /// Waits until a request has stopped the process.
    pub async fn stopped(&self) {
        self.shared.stopped.notified().await;
    }

    /// Hands on what was held; the statuses that come back.
    pub async fn release(&self) -> Vec<u16> {
        let held = std::mem::take(&mut self.shared.state.lock().unwrap().held);
        let mut statuses = Vec::new();
        for request in held {
            statuses.push(self.shared.client.request(request).await.unwrap().status().as_u16());
        }
        statuses
    }
}

impl State {
    /// Notes a request, and says how it goes wrong, if it does. None once the process that sends them has stopped.
    fn take(&mut self, method: &Method, asked: &str) -> Option<Option<Fault>> {
        self.requests.push(format!("{method} {asked}"));
        (!self.is_stopped).then(|| self.fault(method, asked.split('?').next().unwrap_or_default()))
    }

    fn fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let found = self.rules.iter().position(|rule| rule.method == method.as_str() && path.contains(rule.path))?;
        let (rule, seen) = (self.rules[found], &mut self.seen[found]);
        *seen += 1;
        if *seen <= rule.skip || *seen > rule.skip + rule.times {
            return None;
        }
        self.fired += 1;
        self.is_stopped = matches!(rule.fault, Fault::Stopped { .. });
        Some(rule.fault)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // A connection that was closed on purpose is no error here.
            let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Errors close the connection.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the client went away")?.to_bytes();
    let asked = parts.uri.path_and_query().map_or("/", |asked| asked.as_str()).to_owned();
    let Some(fault) = shared.state.lock().unwrap().take(&parts.method, &asked) else { return std::future::pending().await };
    let mut request = Request::from_parts(parts, Full::from(body));
    *request.uri_mut() = format!("{}{asked}", shared.upstream).parse::<Uri>().unwrap();
    match fault {
        None => forward(&shared, request).await,
        Some(Fault::LostRequest) => Err("lost on the way"),
        Some(Fault::LostReply) => forward(&shared, request).await.and(Err("lost on the way back")),
        Some(Fault::Refused(status)) => Ok(refusal(status)),
        Some(Fault::DoneAndRefused(status)) => forward(&shared, request).await.map(|_| refusal(status)),
        Some(Fault::Held) => {
            shared.state.lock().unwrap().held.push(request);
            Err("held")
        }
        Some(Fault::Stopped { landed }) => {
            if landed {
                forward(&shared, request).await?;
            }
            shared.stopped.notify_one();
            std::future::pending().await
        }
    }
}

async fn forward(shared: &Shared, request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, &'static str> {
    let (latency, clock) = {
        let state = shared.state.lock().unwrap();
        (state.latency, state.clock)
    };
    tokio::time::sleep(latency / 2).await;
    let answer = shared.client.request(request).await.map_err(|_| "the server went away")?;
    let (mut parts, body) = answer.into_parts();
    let mut body = body.collect().await.map_err(|_| "the server went away")?.to_bytes();
    parts.headers.remove(TRANSFER_ENCODING);
    if let Some(clock) = clock {
        body = set_clock(clock, &mut parts.headers, body);
    }
    tokio::time::sleep(latency / 2).await;
    Ok(Response::from_parts(parts, Full::from(body)))
}

/// The body and the headers of an answer with the times that a clock tells.
fn set_clock(clock: ServerClock, headers: &mut HeaderMap, body: Bytes) -> Bytes {
    if let Some(date) = headers.remove(DATE)
        && let Some(days) = clock.answered
    {
        let date = DateTime::parse_from_rfc2822(date.to_str().unwrap()).unwrap() + TimeDelta::days(days);
        headers.insert(DATE, date.format("%a, %d %b %Y %H:%M:%S GMT").to_string().parse().unwrap());
    }
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    let mut parts = text.split("<LastModified>");
    let mut altered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (time, rest) = part.split_once('<').unwrap();
        let time = DateTime::parse_from_rfc3339(time).unwrap() + TimeDelta::days(clock.written);
        altered.push_str(&format!("<LastModified>{}<{rest}", time.format("%Y-%m-%dT%H:%M:%S%.3fZ")));
    }
    if altered != text {
        headers.remove(CONTENT_LENGTH);
    }
    altered.into()
}

fn refusal(status: u16) -> Response<Full<Bytes>> {
    let code = match status {
        409 => "ConditionalRequestConflict",
        400 => "ExpiredToken",
        403 => "AccessDenied",
        503 => "SlowDown",
        _ => "InternalError",
    };
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as the test wants it</Message></Error>");
    Response::builder().status(StatusCode::from_u16(status).unwrap()).body(Full::from(body)).unwrap()
}
