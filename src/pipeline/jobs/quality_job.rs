//! The job around [`crate::quality`].

use super::{Context, Done};
use crate::error::Error;
use crate::quality::QualityRequest;

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: QualityRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = context.look(&request)?;
    let message = report.summary();
    Ok(Done { report: serde_json::to_value(report).unwrap_or_default(), message, partly: false })
}
