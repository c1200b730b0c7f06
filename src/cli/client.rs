//! Asking the server that has the workspace open.

use std::io::{self, Write};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tator_pipeline::{JobId, JobRecord, JobState};
use ureq::Agent;

use super::progress::Ahead;

/// How often a job is asked for: while it works, and while it waits for others.
const WORKING: std::time::Duration = std::time::Duration::from_millis(150);
const WAITING: std::time::Duration = std::time::Duration::from_millis(600);

/// A server on this machine.
pub(super) struct Client {
    url: String,
    token: String,
    agent: Agent,
}

impl Client {
    pub fn new(url: &str, token: &str) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { url: url.trim_end_matches('/').to_owned(), token: token.to_owned(), agent }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Reads JSON; an error of the server's is an error here, in its words.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.agent.get(format!("{}{path}", self.url)).header("Authorization", self.bearer());
        understand(request.call().with_context(|| format!("the server at {} does not answer", self.url))?)
    }

    /// Posts JSON and reads JSON; an error of the server's is an error here, in its words.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("Authorization", self.bearer());
        understand(request.send_json(body).with_context(|| format!("the server at {} does not answer", self.url))?)
    }

    /// Posts bytes and reads JSON.
    pub fn post_bytes(&self, path: &str, bytes: &[u8]) -> anyhow::Result<Value> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("Authorization", self.bearer());
        let request = request.header("Content-Type", "application/octet-stream");
        understand(request.send(bytes).with_context(|| format!("the server at {} does not answer", self.url))?)
    }

    /// Posts JSON and copies the answer to `out`.
    pub fn download(&self, path: &str, body: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("Authorization", self.bearer());
        let mut response =
            request.send_json(body).with_context(|| format!("the server at {} does not answer", self.url))?;
        if !response.status().is_success() {
            understand(response)?;
            return Ok(());
        }
        io::copy(&mut response.body_mut().as_reader(), out).context("the server broke off")?;
        Ok(())
    }

    /// Starts a job and follows it to its end.
    pub fn follow(
        &self,
        path: &str,
        body: &Value,
        mut watch: impl FnMut(&JobRecord, Option<&Ahead>),
    ) -> anyhow::Result<JobRecord> {
        let job_id: JobId = self.post(path, body)?["job_id"].as_i64().context("the server gave no job number")?;
        loop {
            let job: JobRecord = serde_json::from_value(self.get(&format!("/api/v1/jobs/{job_id}"))?)?;
            if job.state.is_over() {
                return Ok(job);
            }
            let ahead = if job.state == JobState::Queued { Some(self.ahead(job_id)?) } else { None };
            watch(&job, ahead.as_ref());
            std::thread::sleep(if ahead.is_some_and(|ahead| ahead.jobs > 0) { WAITING } else { WORKING });
        }
    }

    /// What the server does before a job that waits.
    fn ahead(&self, job_id: JobId) -> anyhow::Result<Ahead> {
        Ok(ahead_of(job_id, &self.get("/api/v1/jobs")?))
    }

    /// The datasets by name.
    pub fn datasets(&self) -> anyhow::Result<Value> {
        self.get("/api/v1/datasets")
    }
}

/// Jobs of a list that come before one: what runs, and what was asked for earlier and waits.
fn ahead_of(job_id: JobId, list: &Value) -> Ahead {
    let before = list["jobs"].as_array().into_iter().flatten().filter(|job| {
        let earlier = job["job_id"].as_i64().is_some_and(|id| id < job_id);
        job["state"] == "running" || (job["state"] == "queued" && earlier)
    });
    let before: Vec<&Value> = before.collect();
    let running = before.iter().find(|job| job["state"] == "running");
    let running = running.and_then(|job| job["title"].as_str()).map(str::to_owned);
    Ahead { jobs: before.len(), running }
}

/// What a server refused, in its words, and what of the request it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}{message}", .field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub(super) struct Refused {
    /// Stable word for programs.
    pub code: String,
    /// What is wrong in the request.
    pub field: Option<String>,
    /// Why.
    pub message: String,
}

fn understand(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Value> {
    let status = response.status();
    let body: Value = response.body_mut().read_json().unwrap_or_else(|_| json!({}));
    if status.is_success() {
        return Ok(body);
    }
    let text = |key: &str| body["error"][key].as_str().unwrap_or_default().to_owned();
    // Most hints speak to visitors of the API. What has no answer yet says what to do first, with a server as without.
    let speaks_of_the_page = ["invalid", "sql"].contains(&text("code").as_str());
    if status == 422 && !speaks_of_the_page && !text("hint").is_empty() {
        bail!("{}\n  {}", text("message"), text("hint"));
    }
    let message = if text("message").is_empty() { format!("the server answered {status}") } else { text("message") };
    let field = body["error"]["details"]["field"].as_str().map(str::to_owned);
    Err(Refused { code: text("code"), field, message }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_a_job_runs_or_was_asked_for_earlier() {
        let job = |id: i64, state: &str| json!({ "job_id": id, "state": state, "title": format!("Job {id}") });
        let list = json!({ "jobs": [job(9, "queued"), job(8, "queued"), job(7, "queued"), job(6, "running"), job(5, "done")] });
        assert_eq!(ahead_of(8, &list), Ahead { jobs: 2, running: Some("Job 6".into()) });
        assert_eq!(
            ahead_of(8, &json!({ "jobs": [job(8, "queued"), job(9, "queued")] })),
            Ahead { jobs: 0, running: None }
        );
    }
}
