//! The language model a person may let propose words: any server that speaks OpenAI's chat protocol (llama.cpp, vLLM,
//! Ollama, LM Studio). There is none until somebody names one, and it is asked only when somebody presses the button.
//!
//! Its address is kept in `language.toml` of the workspace; a key is never kept, it comes from `TATOR_LANGUAGE_KEY`.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::workbench::Workbench;

const FILE: &str = "language.toml";
/// Overrides the address of the file, for one start of the program.
const ADDRESS: &str = "TATOR_LANGUAGE_URL";
const KEY: &str = "TATOR_LANGUAGE_KEY";
/// A model on a processor takes minutes.
const PATIENCE: Duration = Duration::from_secs(180);
/// A longer answer is none that was asked for.
const LONGEST: usize = 1 << 20;

/// Which language model may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LanguageSettings {
    /// Its address up to and with `/v1`; `None`: there is none, and nothing is asked.
    pub url: Option<String>,
    /// Name of the model there; servers with one model ignore it.
    pub model: Option<String>,
}

/// A change of them; empty text takes a value away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LanguageChange {
    /// See [`LanguageSettings::url`].
    pub url: Option<String>,
    /// See [`LanguageSettings::model`].
    pub model: Option<String>,
}

impl LanguageSettings {
    fn load(workspace: &Path) -> Self {
        let text = std::fs::read_to_string(workspace.join(FILE)).unwrap_or_default();
        let mut settings: Self = toml::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "{FILE} is not used");
            Self::default()
        });
        if let Some(url) = std::env::var(ADDRESS).ok().filter(|url| !url.trim().is_empty()) {
            settings.url = Some(url);
        }
        settings
    }

    /// The host that would be asked, for people.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(self.url.as_deref()?).ok()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    }
}

/// An address that can be asked: over TLS, or on this machine or network.
fn checked(url: &str) -> Result<Url, Error> {
    let wrong = |text: &str| Error::invalid("url", text);
    let url =
        Url::parse(url.trim()).map_err(|e| wrong(&format!("{url:?}: {e}; for example http://127.0.0.1:8080/v1")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("an address begins with http:// or https:// and names a host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("no user, password, ? or # in it; a key comes from TATOR_LANGUAGE_KEY"));
    }
    Ok(url)
}

impl Workbench {
    /// Which language model may be asked.
    #[must_use]
    pub fn language_settings(&self) -> LanguageSettings {
        LanguageSettings::load(self.reader().folders().root())
    }

    /// Names the language model that may be asked, or none.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that is none.
    pub fn change_language(&self, change: LanguageChange) -> Result<LanguageSettings, Error> {
        let mut settings = self.language_settings();
        let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(url) = change.url {
            settings.url = given(url);
            settings.url.as_deref().map(checked).transpose()?;
        }
        if let Some(model) = change.model {
            settings.model = given(model);
        }
        let text = toml::to_string(&settings).map_err(|e| Error::invalid("settings", e.to_string()))?;
        tator_store::write_whole(&self.reader().folders().root().join(FILE), text.as_bytes())?;
        Ok(settings)
    }
}

/// Asks once and gives the text of the answer.
///
/// # Errors
/// [`Error::Invalid`] when no model is named; [`Error::ModelFailed`] with what the server says.
pub(super) fn ask(settings: &LanguageSettings, system: &str, question: &str) -> Result<String, Error> {
    let Some(url) = settings.url.as_deref() else {
        let text = "no language model is named; name the address of a server that speaks OpenAI's protocol first";
        return Err(Error::invalid("language", text));
    };
    let url = format!("{}/chat/completions", checked(url)?.as_str().trim_end_matches('/'));
    let message = |role: &str, content: &str| json!({ "role": role, "content": content });
    let body = json!({
        "model": settings.model.as_deref().unwrap_or("default"),
        "temperature": 0,
        "messages": [message("system", system), message("user", question)],
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::io("starting the question"))?.block_on(post(&url, &body))
}

async fn post(url: &str, body: &Value) -> Result<String, Error> {
    let failed = |text: String| Error::ModelFailed(format!("the language model at {url}: {text}"));
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
    let client = builder.connect_timeout(Duration::from_secs(10)).build().map_err(|e| failed(e.to_string()))?;
    let mut request = client.post(url).header("content-type", "application/json").body(body.to_string());
    if let Some(key) = std::env::var(KEY).ok().filter(|key| !key.is_empty()) {
        request = request.bearer_auth(key);
    }
    let mut answer = request.send().await.map_err(|e| failed(words(&e)))?;
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|e| failed(words(&e)))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > LONGEST {
            return Err(failed("its answer is longer than 1 MiB".to_owned()));
        }
    }
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if !status.is_success() {
        let said = json["error"]["message"].as_str().or(json["error"].as_str()).unwrap_or("no reason given");
        return Err(failed(format!("{status}: {said}")));
    }
    let text = json["choices"][0]["message"]["content"].as_str();
    Ok(text.ok_or_else(|| failed("its answer holds no message".to_owned()))?.to_owned())
}

/// An error with its causes.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_host_and_holds_no_secret() {
        for url in [
            "ftp://a/v1",
            "127.0.0.1:8080",
            "http://user:secret@host/v1",
            "http://host/v1?key=1",
            "file:///etc/passwd",
            "",
        ] {
            assert!(checked(url).is_err(), "{url}");
        }
        let settings = LanguageSettings { url: Some("http://127.0.0.1:8080/v1".into()), model: None };
        assert_eq!(settings.host().as_deref(), Some("127.0.0.1:8080"));
    }

    #[test]
    fn without_an_address_nothing_is_asked() {
        assert!(matches!(ask(&LanguageSettings::default(), "", ""), Err(Error::Invalid { .. })));
    }
}
