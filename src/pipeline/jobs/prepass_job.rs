//! The jobs around [`crate::prepass`].

use super::{Context, Done};
use crate::error::Error;
use crate::prepass::{self, EstimateRequest, PrepassRequest};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: PrepassRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = prepass::run(context, &request)?;
    let (message, partly) = (report.summary(), report.failed_images > 0);
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}

pub(super) fn estimate(context: &Context, request: &str) -> Result<Done, Error> {
    let request: EstimateRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = prepass::estimate(context, &request)?;
    let message = report.summary();
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly: false })
}
