//! `tator config`

use anyhow::{Context, bail};
use clap::Args;

use super::{Ending, WorkspaceFlag, answer, tell, terminal};
use crate::config;

#[derive(Args)]
pub(super) struct Config {
    #[command(flatten)]
    workspace: WorkspaceFlag,
    /// Read a password from stdin and keep its hash; needed to listen beyond this machine
    #[arg(long)]
    set_password: bool,
}

pub(super) fn run(command: &Config) -> anyhow::Result<Ending> {
    let folder = &command.workspace.workspace;
    let mut settings = config::Config::load(folder)?;
    if command.set_password {
        tell("type the password, then Enter; it does not show");
        let password = terminal::read_hidden().context("reading the password")?;
        let password = password.trim_end_matches(['\n', '\r']);
        if password.chars().count() < 12 {
            bail!("a password for others to guess at needs 12 characters or more");
        }
        settings.server.password_hash = Some(tator_web::hash_password(password)?);
        settings.save(folder)?;
        tell("kept in workspace.toml; a running server takes it at its next start");
        return Ok(Ending::Done);
    }
    answer(toml::to_string(&settings)?.trim_end());
    Ok(Ending::Done)
}
