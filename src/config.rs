//! Settings: defaults in code, `workspace.toml` over them, flags over both.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tator_store::Limits;

/// Everything that can be set, with its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server.
    pub server: Server,
    /// What queries may take.
    pub limits: QueryLimits,
}

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Further names under which a reverse proxy reaches it, `name` or `name:port`.
    pub allow_hosts: Vec<String>,
    /// The address under which people reach it through a proxy, such as `https://tator.example.org/tator`.
    pub public_url: Option<String>,
    /// Path before every address, such as `/tator`.
    pub base_path: String,
    /// The headers `X-Forwarded-Prefix`, `-Proto` and `-For` are believed.
    pub trust_proxy: bool,
    /// Argon2id hash of the password; needed on any address but loopback. `tator config --set-password` writes it.
    pub password_hash: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".into(),
            allow_hosts: Vec::new(),
            public_url: None,
            base_path: String::new(),
            trust_proxy: false,
            password_hash: None,
        }
    }
}

/// What queries may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryLimits {
    /// Memory for all queries together.
    pub memory: String,
    /// Disk for what does not fit in memory.
    pub temporary_disk: String,
    /// Threads for all queries together; 0 takes all cores.
    pub threads: usize,
    /// Statements of people that run at once; more wait.
    pub sql_at_once: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        let Limits { memory, temporary_disk, .. } = Limits::default();
        Self { memory, temporary_disk, threads: 0, sql_at_once: 3 }
    }
}

impl QueryLimits {
    /// The limits as the store takes them.
    #[must_use]
    pub fn to_store(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            memory: self.memory.clone(),
            temporary_disk: self.temporary_disk.clone(),
            threads: if self.threads == 0 { usual.threads } else { self.threads },
        }
    }
}

impl Config {
    /// The settings of a workspace; the defaults when it has no `workspace.toml`.
    ///
    /// # Errors
    /// When the file cannot be read, or names a setting that does not exist.
    pub fn load(workspace: &Path) -> anyhow::Result<Self> {
        let path = workspace.join("workspace.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("{} cannot be read", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be opened", path.display())),
        }
    }

    /// Writes the settings whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, workspace: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(workspace)?;
        let path = workspace.join("workspace.toml");
        // It may hold the password's hash.
        Ok(tator_store::write_private(&path, toml::to_string(self)?.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_settings_read_back_as_they_were() {
        let text = toml::to_string(&Config::default()).unwrap_or_default();
        assert_eq!(toml::from_str::<Config>(&text), Ok(Config::default()));
    }

    #[test]
    fn a_misspelled_setting_is_refused_by_name() {
        let error = toml::from_str::<Config>("[server]\nlissen = \"x\"").unwrap_err().to_string();
        assert!(error.contains("lissen"), "{error}");
    }
}
