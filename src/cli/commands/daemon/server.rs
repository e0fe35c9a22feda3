//! The daemon's own address: `/healthz` and `/metrics` over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::debug;

use super::board::Board;
use super::metrics;
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Connections that are served at once; others wait.
const CONNECTIONS_MAX: usize = 16;
/// How long a request may take to be sent.
const HEADER_SECONDS_MAX: u64 = 5;
/// How long a connection may last, with all its requests.
const CONNECTION_SECONDS_MAX: u64 = 60;
/// How long nothing is taken after that has failed: too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// A server that is bound to its address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    board: Arc<Board>,
}

impl Server {
    /// Takes an address.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be had.
    pub async fn bind(address: SocketAddr, board: Arc<Board>) -> Result<Self> {
        let refused = |error| Error::unavailable(format!("listen at {address} (daemon.listen)")).with_source(error);
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, board })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is told to stop.
    pub async fn run(&self, stop: &Stop) {
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.requested() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    let board = Arc::clone(&self.board);
                    tokio::spawn(async move {
                        serve(stream, board).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    debug!(%error, "no connection was taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, board: Arc<Board>) {
    let service = service_fn(move |request| {
        let response = answer(&request, &board);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(CONNECTION_SECONDS_MAX), connection).await {
        debug!(%error, "a connection broke");
    }
}

fn answer(request: &Request<Incoming>, board: &Board) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned());
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let trouble = board.trouble();
    match (request.uri().path(), trouble) {
        ("/healthz", None) => text(StatusCode::OK, "ok\n".to_owned()),
        ("/healthz", Some(trouble)) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")),
        ("/metrics", trouble) => text(StatusCode::OK, metrics::text(&board.seen(), trouble.is_none())),
        _ => text(StatusCode::NOT_FOUND, "/healthz and /metrics are here\n".to_owned()),
    }
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(metrics::CONTENT_TYPE));
    response
}
