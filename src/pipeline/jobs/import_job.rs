//! The job around [`crate::intake`].

use super::{Context, Done};
use crate::error::Error;
use crate::intake::{ImportRequest, import};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: ImportRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = import(context, &request)?;
    let message = report.summary();
    let partly = report.is_partial();
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}
