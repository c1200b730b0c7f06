//! The job around [`crate::maps`].

use super::{Context, Done};
use crate::error::Error;
use crate::maps::MapRequest;

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: MapRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = context.project(&request)?;
    let message = report.summary();
    Ok(Done { report: serde_json::to_value(report).unwrap_or_default(), message, partly: false })
}
