//! The job around looking at models again.

use super::{Context, Done};
use crate::error::Error;
use crate::models::{VerifyRequest, verify};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: VerifyRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = verify(context, &request)?;
    let (message, partly) = (report.summary(), !report.skipped.is_empty());
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}
