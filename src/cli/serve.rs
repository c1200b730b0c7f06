//! `tator serve`

use std::net::TcpListener;
use std::sync::mpsc::channel;

use anyhow::Context;
use clap::Args;
use tator_domain::{Clock, SystemClock};
use tator_pipeline::Workbench;
use tator_store::LockNote;
use tator_web::{Parts, Settings, base_url, check_listen, serve};

use super::{Ending, WorkspaceFlag, answer, tell};
use crate::config::Config;

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub workspace: WorkspaceFlag,
    /// Address and port; port 0 takes a free one. Anything but loopback needs a password (tator config --set-password)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// A further name under which a reverse proxy reaches this server; may be given several times
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// The address under which people reach this server through a proxy, such as https://tator.example.org/tator
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Path before every address, such as /tator, when a proxy shows this server below a path [env: TATOR_BASE_PATH]
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<String>,
    /// Believe X-Forwarded-Prefix, -Proto and -For: only where nobody but your own proxy reaches this server
    #[arg(long)]
    pub trust_proxy: bool,
    /// Open the browser
    #[arg(long)]
    pub open: bool,
}

pub(super) fn run(command: &Serve) -> anyhow::Result<Ending> {
    let config = Config::load(&command.workspace.workspace)?;
    let workbench = open(command, &config)?;
    serve_workbench(command, &config, workbench)
}

/// Opens the workspace for a server.
pub(super) fn open(command: &Serve, config: &Config) -> anyhow::Result<Workbench> {
    Workbench::open(&command.workspace.workspace, &config.limits.to_store()).context("nothing is served")
}

/// Serves an open workspace until Ctrl-C or SIGTERM.
pub(super) fn serve_workbench(command: &Serve, config: &Config, workbench: Workbench) -> anyhow::Result<Ending> {
    let listen = command.listen.as_ref().unwrap_or(&config.server.listen);
    let listener = TcpListener::bind(listen)
        .with_context(|| format!("{listen} cannot be listened on; --listen 127.0.0.1:0 takes a free port"))?;
    let address = listener.local_addr()?;
    check_listen(address.ip(), config.server.password_hash.as_deref())?;
    let mut settings = Settings::new(workbench.reader().folders().root().join("uploads"))?;
    settings.allow_hosts = config.server.allow_hosts.iter().chain(&command.allow_host).cloned().collect();
    be_reached(&mut settings, command, config)?;
    settings.password_hash.clone_from(&config.server.password_hash);
    settings.sessions = Some(workbench.reader().folders().root().join("sessions.json"));
    settings.sql_at_once = config.limits.sql_at_once;
    workbench.announce(&LockNote {
        pid: std::process::id(),
        started_at: SystemClock.now(),
        url: base_url(address),
        token: settings.token.as_str().to_owned(),
    })?;
    let url = settings.launch_url(address);
    let told = format!("serving {}; Ctrl-C stops", workbench.reader().folders().root().display());
    let (_keep_running, stop) = channel();
    serve(Parts { workbench, settings }, listener, stop, || {
        tell(&told);
        answer(&url);
        if command.open {
            open_browser(&url);
        }
    })?;
    Ok(Ending::Done)
}

/// Takes over how a proxy shows this server: flags before the environment before `workspace.toml`.
fn be_reached(settings: &mut Settings, command: &Serve, config: &Config) -> anyhow::Result<()> {
    let url = command.public_url.as_ref().or(config.server.public_url.as_ref());
    settings.public_url = url.map(|url| url.parse().map_err(anyhow::Error::msg)).transpose().context("--public-url")?;
    let named = command.base_path.clone().or_else(|| std::env::var("TATOR_BASE_PATH").ok());
    settings.base_path = named.unwrap_or_else(|| config.server.base_path.clone());
    settings.trust_proxy = command.trust_proxy || config.server.trust_proxy;
    settings.mount().map_err(anyhow::Error::msg).context("--base-path")?;
    Ok(())
}

/// The desktop's own way to open an address; without a desktop the printed line does.
fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if std::process::Command::new(opener).arg(url).spawn().is_err() {
        tell("no browser could be opened: open the address above");
    }
}
