//! Figures for Prometheus, in its text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use tator_pipeline::{JobState, Workbench};

use crate::api::SqlSlots;
use crate::door::Door;
use crate::error::{WebResult, blocking};

/// Upper bounds of the latency buckets, in seconds; the budgets of edits (10, 25 ms) and pages (100, 200 ms) are among them.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

/// Latencies of one route.
#[derive(Debug, Default, Clone)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

/// Which requests: method, address pattern, status.
type RouteKey = (String, String, u16);

/// What the server counts about itself.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<RouteKey, Histogram>>,
    edits: AtomicU64,
}

impl Metrics {
    /// Counts one answered request.
    pub fn count_request(&self, method: &Method, pattern: &str, status: StatusCode, took: Duration) {
        let key = (known_method(method).to_owned(), pattern.to_owned(), status.as_u16());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = requests.entry(key).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        histogram.count += 1;
        histogram.seconds += seconds;
    }

    /// Counts edits that were acknowledged.
    pub fn count_edits(&self, n_edits: usize) {
        self.edits.fetch_add(n_edits as u64, Ordering::Relaxed);
    }

    fn render(&self) -> String {
        let mut text = String::new();
        heading(&mut text, "tator_edits_acknowledged_total", "counter", "Edits that were saved and acknowledged.");
        let _ = writeln!(text, "tator_edits_acknowledged_total {}", self.edits.load(Ordering::Relaxed));
        heading(&mut text, "tator_http_request_duration_seconds", "histogram", "Time to answer, by route and status.");
        for (key, histogram) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            histogram.render(&mut text, key);
        }
        text
    }
}

impl Histogram {
    fn render(&self, text: &mut String, (method, route, status): &RouteKey) {
        const NAME: &str = "tator_http_request_duration_seconds";
        let labels = format!("method=\"{method}\",route=\"{}\",status=\"{status}\"", escape(route));
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {bucket}");
        }
        let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{NAME}_sum{{{labels}}} {:.6}", self.seconds);
        let _ = writeln!(text, "{NAME}_count{{{labels}}} {}", self.count);
    }
}

/// Invented methods must not fill the memory.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn heading(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

pub(crate) fn doors() -> Vec<Door> {
    vec![Door::get("/healthz", |route| route.to(health)), Door::get("/metrics", |route| route.to(figures))]
}

/// Alive, and nothing else: strangers may ask this.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

async fn figures(
    metrics: web::Data<Metrics>,
    slots: web::Data<SqlSlots>,
    workbench: web::Data<Workbench>,
) -> WebResult<HttpResponse> {
    let mut text = metrics.render();
    heading(&mut text, "tator_sql_running", "gauge", "Statements of people that run now.");
    let _ = writeln!(text, "tator_sql_running {}", slots.n_running());
    text.push_str(&blocking(move || workspace_figures(&workbench)).await?);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn workspace_figures(workbench: &Workbench) -> Result<String, tator_pipeline::Error> {
    let mut text = String::new();
    heading(&mut text, "tator_jobs_in_flight", "gauge", "Jobs that are queued or running.");
    let in_flight = workbench.jobs()?.iter().filter(|job| is_in_flight(job.state)).count();
    let _ = writeln!(text, "tator_jobs_in_flight {in_flight}");
    let datasets = workbench.reader().datasets()?;
    heading(&mut text, "tator_images", "gauge", "Images, by dataset.");
    for dataset in &datasets {
        let _ = writeln!(text, "tator_images{{dataset=\"{}\"}} {}", dataset.name, dataset.images);
    }
    heading(&mut text, "tator_boxes", "gauge", "Boxes, by dataset.");
    for dataset in &datasets {
        let _ = writeln!(text, "tator_boxes{{dataset=\"{}\"}} {}", dataset.name, dataset.boxes);
    }
    Ok(text)
}

/// Whether a job has still something to do.
pub(crate) fn is_in_flight(state: JobState) -> bool {
    matches!(state, JobState::Queued | JobState::Running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_everything_up_to_their_bound() {
        let metrics = Metrics::default();
        metrics.count_request(&Method::GET, "/jobs/{id}", StatusCode::OK, Duration::from_millis(7));
        metrics.count_request(&Method::GET, "/jobs/{id}", StatusCode::OK, Duration::from_secs(9));
        metrics.count_edits(3);
        let text = metrics.render();
        let labels = "method=\"GET\",route=\"/jobs/{id}\",status=\"200\"";
        for line in [
            format!("tator_http_request_duration_seconds_bucket{{{labels},le=\"0.005\"}} 0"),
            format!("tator_http_request_duration_seconds_bucket{{{labels},le=\"0.01\"}} 1"),
            format!("tator_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 2"),
            "tator_edits_acknowledged_total 3".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
