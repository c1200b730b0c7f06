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
use crate::mounted::{Mount, Mounting, mounted};
use crate::presence::Presence;
use crate::presentation::present;
use crate::public_url::PublicUrl;
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
    /// The address under which people reach this server through a proxy; its name is allowed, its path is the base path.
    pub public_url: Option<PublicUrl>,
    /// Path before every address, such as `/tator`; empty at the root of a site.
    pub base_path: String,
    /// `X-Forwarded-Prefix`, `-Proto` and `-For` are believed: only a proxy of ours can reach this server.
    pub trust_proxy: bool,
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
            public_url: None,
            base_path: String::new(),
            trust_proxy: false,
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
        let origin = self.public_url.as_ref().map_or_else(|| base_url(address), |url| url.origin.clone());
        format!("{origin}{}/?token={}", self.base(), self.token.as_str())
    }

    /// The base path, whichever setting says it.
    fn base(&self) -> &str {
        let public = self.public_url.as_ref().map_or("", |url| url.base.as_str());
        if self.base_path.is_empty() { public } else { self.base_path.trim_end_matches('/') }
    }

    /// Where the house stands.
    ///
    /// # Errors
    /// When the base path cannot be used, or the public address says another.
    pub fn mount(&self) -> Result<Mount, String> {
        let public = self.public_url.as_ref();
        if let Some(url) = public.filter(|url| !url.base.is_empty() && url.base != self.base()) {
            return Err(format!("the public address leads to {:?}, but the base path is {:?}", url.base, self.base()));
        }
        Mount::new(self.base(), public.is_some_and(|url| url.secure))
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
    let unusable = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    let mounting = Mounting { usual: settings.mount().map_err(unusable)?, trust_proxy: settings.trust_proxy };
    let (mounting, presence) = (web::Data::new(mounting), web::Data::new(Presence::default()));
    check_listen(address.ip(), settings.password_hash.as_deref())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let limits = BodyLimits { upload: settings.upload_limits.bytes, ..BodyLimits::default() };
    let uploads = web::Data::new(Uploads::open(settings.uploads, settings.upload_limits, &workbench)?);
    let sessions = Sessions::new(address.port(), settings.sessions, settings.password_hash.as_deref());
    let public_hosts = settings.public_url.iter().flat_map(|url| &url.hosts);
    let names: Vec<String> = settings.allow_hosts.iter().chain(public_hosts).cloned().collect();
    let mut lock = Lock::new(address, &names, settings.token, settings.password_hash, sessions, limits);
    lock.public_origin = settings.public_url.map(|url| url.origin);
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
            .app_data(mounting.clone())
            .app_data(presence.clone())
            .configure(|config| extractors::configure(config, limits.usual))
            .configure(routes)
            .default_service(web::to(|| async { Err::<&'static str, _>(WebError::not_found("this address")) }))
            .wrap(from_fn(guard))
            .wrap(from_fn(present))
            .wrap(HtmxMiddleware)
            .wrap(from_fn(mounted))
            // On loopback bytes are cheaper than compressing them.
            .wrap(Condition::new(!address.ip().is_loopback(), Compress::default()))
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
