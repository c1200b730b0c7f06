//! The job around fetching a model.

use super::{Context, Done};
use crate::error::Error;
use crate::models::{PullRequest, pull};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: PullRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = pull(context, &request)?;
    let message = report.message.clone();
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly: false })
}
