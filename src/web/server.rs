//! Builds the application and runs it until it is told to stop.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_htmx::HtmxMiddleware;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::{App, HttpServer, web};
use tator_pipeline::Workbench;

use crate::api::SqlSlots;
use crate::error::WebError;
use crate::metrics::Metrics;
use crate::presentation::present;
use crate::security::password::check_listen;
use crate::security::token::LaunchToken;
use crate::security::{BodyLimits, Lock, Sessions, guard};
use crate::uploads::{UploadLimits, Uploads};
use crate::{extractors, routes};

/// What the server is made of.
#[derive(Clone)]
pub struct Parts {
    /// The only thing that changes data.
    pub workbench: Workbench,
    /// How it is set up.
    pub settings: Settings,
}

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Lets in whoever knows it; new at each start.
    pub token: LaunchToken,
    /// Further names of this server, `name` or `name:port`.
    pub allow_hosts: Vec<String>,
    /// Argon2id hash of the password; needed on any address but loopback.
    pub password_hash: Option<String>,
    /// Where sessions are kept over a restart; nowhere unless set.
    pub sessions: Option<PathBuf>,
    /// Folder in which uploads lie until their import is done.
    pub uploads: PathBuf,
    /// Most of an upload.
    pub upload_limits: UploadLimits,
    /// Statements of people that run at once.
    pub sql_at_once: usize,
}

impl Settings {
    /// The usual settings with a new launch token.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new(uploads: PathBuf) -> io::Result<Self> {
        Ok(Self {
            token: LaunchToken::random()?,
            allow_hosts: Vec::new(),
            password_hash: None,
            sessions: None,
            uploads,
            upload_limits: UploadLimits::default(),
            sql_at_once: 3,
        })
    }

    /// The address that opens a browser here: it carries the token, so it is for the owner's eyes.
    #[must_use]
    pub fn launch_url(&self, address: SocketAddr) -> String {
        format!("{}/?token={}", base_url(address), self.token.as_str())
    }
}

/// The server's address for a browser on this machine; one that listens everywhere is reached through loopback.
#[must_use]
pub fn base_url(address: SocketAddr) -> String {
    let mut reached = address;
    if address.ip().is_unspecified() {
        reached.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{reached}")
}

/// Serves until Ctrl-C, SIGTERM, or a message (or the end) of `stop`. Requests in flight are finished first. `ready` is
/// called as soon as requests are answered and signals end the server cleanly.
///
/// # Errors
/// When the listener cannot be used, or is open to other machines and there is no password.
pub fn serve(parts: Parts, listener: TcpListener, stop: Receiver<()>, ready: impl FnOnce()) -> io::Result<()> {
    let address = listener.local_addr()?;
    let Parts { workbench, settings } = parts;
    check_listen(address.ip(), settings.password_hash.as_deref())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let limits = BodyLimits { upload: settings.upload_limits.bytes, ..BodyLimits::default() };
    let uploads = web::Data::new(Uploads::open(settings.uploads, settings.upload_limits, &workbench)?);
    let sessions = Sessions::new(address.port(), settings.sessions, settings.password_hash.as_deref());
    let lock = Lock::new(address, &settings.allow_hosts, settings.token, settings.password_hash, sessions, limits);
    let (lock, metrics) = (web::Data::new(lock), web::Data::new(Metrics::default()));
    let (slots, workbench) = (web::Data::new(SqlSlots::new(settings.sql_at_once, 12)), web::Data::new(workbench));
    let last = workbench.clone().into_inner();
    let app = move || {
        App::new()
            .app_data(lock.clone())
            .app_data(metrics.clone())
            .app_data(slots.clone())
            .app_data(uploads.clone())
            .app_data(workbench.clone())
            .configure(|config| extractors::configure(config, limits.usual))
            .configure(routes)
            .default_service(web::to(|| async { Err::<&'static str, _>(WebError::not_found("this address")) }))
            // On loopback bytes are cheaper than compressing them.
            .wrap(Condition::new(!address.ip().is_loopback(), Compress::default()))
            .wrap(from_fn(guard))
            .wrap(from_fn(present))
            .wrap(HtmxMiddleware)
    };
    let ended = actix_web::rt::System::new().block_on(async move {
        // A client that hangs up is gone: its handler is dropped, which stops its SQL.
        let server = HttpServer::new(app).h1_allow_half_closed(false).shutdown_timeout(10).listen(listener)?.run();
        let handle = server.handle();
        std::thread::spawn(move || {
            let _ = stop.recv();
            drop(handle.stop(true));
        });
        let mut server = std::pin::pin!(server);
        // The first step starts the workers and takes the signals; it ends only when that fails.
        if let Poll::Ready(failed) = poll_fn(|context| Poll::Ready(server.as_mut().poll(context))).await {
            return failed;
        }
        ready();
        server.await
    });
    wait_for_handlers(&last);
    ended
}

/// Waits until no worker holds the workbench any more, a few seconds at most: whoever called may close it then.
fn wait_for_handlers(workbench: &Arc<Workbench>) {
    let begin = Instant::now();
    while Arc::strong_count(workbench) > 1 && begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(1));
    }
}
